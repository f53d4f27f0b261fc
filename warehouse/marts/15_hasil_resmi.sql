-- Official results, as the institution's file gives them now.
CREATE OR REPLACE VIEW mart.hasil_resmi AS
SELECT
    result.institution AS institusi,
    result.instrument AS instrumen,
    result.year AS tahun,
    result.index_value AS indeks,
    result.decided_on AS ditetapkan_pada,
    result.citation AS rujukan,
    (
        SELECT count(*)
        FROM core.official_level AS known
        WHERE known.institution = result.institution AND known.instrument = result.instrument
          AND known.year = result.year AND known.valid_to IS NULL
    ) AS jumlah_indikator
FROM core.official_result AS result
WHERE result.valid_to IS NULL
ORDER BY result.institution, result.instrument, result.year;

COMMENT ON VIEW mart.hasil_resmi IS 'Hasil resmi Kementerian PANRB menurut berkas institusi.';
COMMENT ON COLUMN mart.hasil_resmi.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.hasil_resmi.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.hasil_resmi.tahun IS 'Tahun penilaian.';
COMMENT ON COLUMN mart.hasil_resmi.indeks IS 'Indeks resmi.';
COMMENT ON COLUMN mart.hasil_resmi.ditetapkan_pada IS 'Tanggal penetapan hasil.';
COMMENT ON COLUMN mart.hasil_resmi.rujukan IS 'Dokumen yang memuat hasil itu.';
COMMENT ON COLUMN mart.hasil_resmi.jumlah_indikator IS 'Banyaknya indikator yang tingkat resminya diketahui.';
