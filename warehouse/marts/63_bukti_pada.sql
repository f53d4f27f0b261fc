-- The captures that each finding of the scores in force at the end of a day rests on, as they had been recorded by
-- another day.
CREATE OR REPLACE MACRO mart.bukti_pada(tanggal, diketahui := NULL) AS TABLE
SELECT
    found.institusi,
    found.instrumen,
    found.keadaan_pada,
    found.dihitung_pada,
    cited.criterion AS kriteria,
    cited.indicator AS indikator,
    CASE cited.state
        WHEN 'met' THEN 'terpenuhi'
        WHEN 'not_met' THEN 'tidak terpenuhi'
        WHEN 'unknown' THEN 'belum diketahui'
        WHEN 'stale' THEN 'basi'
        WHEN 'error' THEN 'galat'
    END AS keadaan,
    cited.reason AS alasan,
    capture.source AS sumber,
    capture.url,
    capture.captured_at AS ditangkap_pada,
    capture.loaded_at AS dimuat_pada,
    replace(capture.digest, 'sha256:', '') AS sidik_sha256,
    capture.capture_id AS tangkapan_id,
    found.skor_id
FROM mart.skor_pada(tanggal, diketahui := diketahui) AS found
JOIN (
    SELECT score_id, criterion, indicator, state, reason, unnest(evidence_ids) AS capture_id FROM score.finding
) AS cited ON cited.score_id = found.skor_id
JOIN core.capture AS capture ON capture.capture_id = cited.capture_id
ORDER BY found.institusi, found.instrumen, cited.criterion, capture.captured_at, capture.capture_id;

COMMENT ON MACRO TABLE mart.bukti_pada IS
'Tangkapan yang menjadi bukti temuan pada akhir hari tanggal, sebagaimana tercatat sampai akhir hari diketahui (kosong: semua): ditangkap_pada ialah saat bukti ditangkap, dimuat_pada saat dimuat.';
