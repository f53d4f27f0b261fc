-- Every criterion of the latest scores, with its state and why.
CREATE OR REPLACE VIEW mart.temuan_terkini AS
-- First the levels of these scores: score.finding would put together the findings of all.
WITH reached AS MATERIALIZED (
    SELECT score_id, indicator, set_id, moved
    FROM score.level
    SEMI JOIN mart.skor_terkini AS latest ON latest.skor_id = level.score_id
),

finding AS (
    SELECT
        reached.score_id, reached.indicator,
        held.* REPLACE (
            coalesce(reached.moved[held.criterion].evidence_ids, held.evidence_ids) AS evidence_ids,
            coalesce(reached.moved[held.criterion].observed_at, held.observed_at) AS observed_at,
            coalesce(reached.moved[held.criterion].expires_at, held.expires_at) AS expires_at
        )
    FROM reached
    JOIN score.finding_set AS held ON held.set_id = reached.set_id
)

SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    asked.ordinal AS urutan,
    finding.criterion AS kriteria,
    finding.indicator AS indikator,
    finding.level AS tingkat,
    asked.text AS uraian,
    CASE finding.state
        WHEN 'met' THEN 'terpenuhi'
        WHEN 'not_met' THEN 'tidak terpenuhi'
        WHEN 'unknown' THEN 'belum diketahui'
        WHEN 'stale' THEN 'basi'
        WHEN 'error' THEN 'galat'
    END AS keadaan,
    finding.state AS kode_keadaan,
    finding.is_fresh AS segar,
    finding.is_carried AS masa_tenggang,
    finding.reason AS alasan,
    finding.hint AS petunjuk,
    finding.answered_by AS dijawab_oleh,
    asked.answered_by AS dapat_dijawab_oleh,
    asked.owner AS pemilik,
    asked.remedy AS saran,
    finding.observed_at AS diamati_pada,
    finding.expires_at AS kedaluwarsa_pada,
    len(finding.evidence_ids) AS jumlah_bukti,
    latest.skor_id
FROM mart.skor_terkini AS latest
JOIN finding ON finding.score_id = latest.skor_id
JOIN score.criterion AS asked
    ON asked.ruleset_hash = latest.sidik_aturan AND asked.criterion = finding.criterion
ORDER BY latest.institusi, latest.instrumen, asked.ordinal;

COMMENT ON VIEW mart.temuan_terkini IS 'Keadaan setiap kriteria pada tanggal terakhir yang dinilai, beserta alasannya.';
COMMENT ON COLUMN mart.temuan_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.temuan_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.temuan_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.temuan_terkini.urutan IS 'Urutan kriteria dalam instrumen.';
COMMENT ON COLUMN mart.temuan_terkini.kriteria IS 'Kode kriteria, misalnya I13.4.b: indikator 13, tingkat 4, butir b.';
COMMENT ON COLUMN mart.temuan_terkini.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.temuan_terkini.tingkat IS 'Tingkat kematangan yang meminta kriteria ini, 1 sampai 5.';
COMMENT ON COLUMN mart.temuan_terkini.uraian IS 'Bunyi ringkas kriteria.';
COMMENT ON COLUMN mart.temuan_terkini.keadaan IS
'Keadaan: terpenuhi, tidak terpenuhi, belum diketahui, basi (bukti kedaluwarsa), galat (pemeriksaan gagal).';
COMMENT ON COLUMN mart.temuan_terkini.kode_keadaan IS 'Kode keadaan: met, not_met, unknown, stale, error.';
COMMENT ON COLUMN mart.temuan_terkini.segar IS 'Benar bila dijawab oleh bukti yang masih berlaku.';
COMMENT ON COLUMN mart.temuan_terkini.masa_tenggang IS
'Benar bila buktinya basi tetapi masih dihitung dalam nilai sementara karena masa tenggang.';
COMMENT ON COLUMN mart.temuan_terkini.alasan IS 'Mengapa keadaannya demikian.';
COMMENT ON COLUMN mart.temuan_terkini.petunjuk IS
'Petunjuk dari bukti terbuka yang belum cukup sebagai bukti; tidak mengubah keadaan.';
COMMENT ON COLUMN mart.temuan_terkini.dijawab_oleh IS 'Pemeriksaan atau atestasi yang menjawab; kosong bila belum terjawab.';
COMMENT ON COLUMN mart.temuan_terkini.dapat_dijawab_oleh IS 'Cara kriteria ini dapat dijawab.';
COMMENT ON COLUMN mart.temuan_terkini.pemilik IS 'Perangkat daerah yang dapat menjawab.';
COMMENT ON COLUMN mart.temuan_terkini.saran IS 'Apa yang membuat kriteria ini terpenuhi.';
COMMENT ON COLUMN mart.temuan_terkini.diamati_pada IS 'Saat bukti yang menentukan terakhir diamati.';
COMMENT ON COLUMN mart.temuan_terkini.kedaluwarsa_pada IS 'Saat bukti itu menjadi basi.';
COMMENT ON COLUMN mart.temuan_terkini.jumlah_bukti IS 'Banyaknya tangkapan yang menjadi bukti; rinciannya di bukti_terkini.';
COMMENT ON COLUMN mart.temuan_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
