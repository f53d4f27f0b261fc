-- The captures that each finding of the latest scores rests on.
CREATE OR REPLACE VIEW mart.bukti_terkini AS
-- First the levels of these scores: score.finding would put together the findings of all.
WITH reached AS MATERIALIZED (
    SELECT score_id, indicator, set_id, moved
    FROM score.level
    SEMI JOIN mart.skor_terkini AS latest ON latest.skor_id = level.score_id
),

cited AS (
    SELECT
        reached.score_id, held.criterion, reached.indicator,
        unnest(coalesce(reached.moved[held.criterion].evidence_ids, held.evidence_ids)) AS capture_id
    FROM reached
    JOIN score.finding_set AS held ON held.set_id = reached.set_id
)
SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    cited.criterion AS kriteria,
    cited.indicator AS indikator,
    capture.source AS sumber,
    capture.url AS url,
    capture.captured_at AS ditangkap_pada,
    capture.loaded_at AS dimuat_pada,
    replace(capture.digest, 'sha256:', '') AS sidik_sha256,
    capture.status AS status_http,
    capture.warc_file AS berkas_warc,
    capture.warc_offset AS letak_warc,
    cited.capture_id AS tangkapan_id,
    latest.skor_id
FROM mart.skor_terkini AS latest
JOIN cited ON cited.score_id = latest.skor_id
JOIN core.capture AS capture ON capture.capture_id = cited.capture_id
ORDER BY latest.institusi, latest.instrumen, cited.criterion, capture.captured_at, cited.capture_id;

COMMENT ON VIEW mart.bukti_terkini IS
'Tangkapan yang menjadi bukti tiap temuan terkini; dapat dicocokkan dengan berkas WARC di arsip.';
COMMENT ON COLUMN mart.bukti_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.bukti_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.bukti_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.bukti_terkini.kriteria IS 'Kode kriteria yang dijawab bukti ini.';
COMMENT ON COLUMN mart.bukti_terkini.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.bukti_terkini.sumber IS 'Kode sumber yang ditangkap.';
COMMENT ON COLUMN mart.bukti_terkini.url IS 'Alamat yang ditangkap; file: untuk berkas yang diserahkan.';
COMMENT ON COLUMN mart.bukti_terkini.ditangkap_pada IS 'Saat penangkapan.';
COMMENT ON COLUMN mart.bukti_terkini.dimuat_pada IS 'Saat tangkapan dimuat: sejak saat itu diketahui di sini.';
COMMENT ON COLUMN mart.bukti_terkini.sidik_sha256 IS 'Sidik SHA-256 (heksadesimal) dari isi yang diarsipkan.';
COMMENT ON COLUMN mart.bukti_terkini.status_http IS 'Status HTTP; kosong untuk berkas dan hasil pemeriksaan layanan.';
COMMENT ON COLUMN mart.bukti_terkini.berkas_warc IS 'Berkas WARC di dalam arsip.';
COMMENT ON COLUMN mart.bukti_terkini.letak_warc IS 'Letak rekaman di dalam berkas WARC, bita dari awal.';
COMMENT ON COLUMN mart.bukti_terkini.tangkapan_id IS 'Pengenal tangkapan (WARC-Record-ID).';
COMMENT ON COLUMN mart.bukti_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
