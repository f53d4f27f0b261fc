-- What the rules behind the latest scores ask for.
CREATE OR REPLACE VIEW mart.kriteria AS
SELECT
    asked.instrument AS instrumen,
    asked.ordinal AS urutan,
    asked.criterion AS kriteria,
    asked.indicator AS indikator,
    named.name AS nama_indikator,
    asked.level AS tingkat,
    asked.text AS uraian,
    asked.answered_by AS dapat_dijawab_oleh,
    asked.owner AS pemilik,
    asked.remedy AS saran,
    asked.ruleset_hash AS sidik_aturan
FROM score.criterion AS asked
JOIN score.indicator AS named
    ON named.instrument = asked.instrument AND named.indicator = asked.indicator
WHERE asked.ruleset_hash IN (SELECT sidik_aturan FROM mart.skor_terkini)
ORDER BY asked.instrument, asked.ruleset_hash, asked.ordinal;

COMMENT ON VIEW mart.kriteria IS 'Kriteria dalam aturan yang dipakai penilaian terkini.';
COMMENT ON COLUMN mart.kriteria.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.kriteria.urutan IS 'Urutan kriteria dalam instrumen.';
COMMENT ON COLUMN mart.kriteria.kriteria IS 'Kode kriteria, misalnya I13.4.b: indikator 13, tingkat 4, butir b.';
COMMENT ON COLUMN mart.kriteria.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.kriteria.nama_indikator IS 'Nama lengkap indikator menurut peraturan.';
COMMENT ON COLUMN mart.kriteria.tingkat IS 'Tingkat kematangan yang meminta kriteria ini, 1 sampai 5.';
COMMENT ON COLUMN mart.kriteria.uraian IS 'Bunyi ringkas kriteria.';
COMMENT ON COLUMN mart.kriteria.dapat_dijawab_oleh IS 'Cara kriteria ini dapat dijawab: pemeriksaan otomatis atau atestasi.';
COMMENT ON COLUMN mart.kriteria.pemilik IS 'Perangkat daerah yang dapat menjawab.';
COMMENT ON COLUMN mart.kriteria.saran IS 'Apa yang membuat kriteria ini terpenuhi.';
COMMENT ON COLUMN mart.kriteria.sidik_aturan IS
'SHA-256 seluruh aturan penilaian; skor dengan sidik berbeda tidak boleh dibandingkan.';
