-- Which legal product amends or repeals which, as titles, listings and pages say; one row per statement. Whoever
-- states it, `dari` is the one that amends or repeals.
CREATE OR REPLACE VIEW mart.hubungan_regulasi AS
WITH stated AS (
    SELECT
        legal.institution, legal.source, legal.capture_id, legal.valid_from, legal.title, legal.regulation_key,
        relation.kind, relation.raw, relation.stated_in,
        relation.type_code || '/' || coalesce(relation.year::VARCHAR, '-') || '/'
            || lower(replace(relation.number, ' ', '')) AS other
    FROM core.regulation AS legal,
        unnest(from_json(
            legal.relations,
            '[{"kind":"VARCHAR","type_code":"VARCHAR","number":"VARCHAR","year":"INTEGER","raw":"VARCHAR",'
            || '"stated_in":"VARCHAR"}]'
        )) AS unnested (relation)
    WHERE legal.valid_to IS NULL
)
SELECT
    institution AS institusi,
    CASE WHEN kind IN ('mengubah', 'mencabut') THEN regulation_key ELSE other END AS dari,
    CASE WHEN kind IN ('mengubah', 'mencabut') THEN other ELSE regulation_key END AS ke,
    CASE WHEN kind IN ('mengubah', 'diubah_oleh') THEN 'mengubah' ELSE 'mencabut' END AS hubungan,
    stated_in AS bukti,
    source AS sumber,
    title AS judul_penyebut,
    raw AS bunyi,
    valid_from AS terlihat_sejak,
    capture_id AS tangkapan_id
FROM stated
ORDER BY institusi, dari, ke, hubungan, sumber, bukti;

COMMENT ON VIEW mart.hubungan_regulasi IS
'Hubungan antarproduk hukum (mengubah, mencabut) menurut judul, daftar, atau halaman rincian; satu baris per pernyataan.';
COMMENT ON COLUMN mart.hubungan_regulasi.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.hubungan_regulasi.dari IS 'Produk hukum yang mengubah atau mencabut: jenis/tahun/nomor, atau sidik judul.';
COMMENT ON COLUMN mart.hubungan_regulasi.ke IS 'Produk hukum yang diubah atau dicabut; tidak harus ada dalam daftar.';
COMMENT ON COLUMN mart.hubungan_regulasi.hubungan IS 'Hubungan: mengubah atau mencabut. Dicabut sebagian dihitung diubah.';
COMMENT ON COLUMN mart.hubungan_regulasi.bukti IS 'Letak pernyataan: judul, daftar (kolom status atau daftar), atau rincian (halaman rincian).';
COMMENT ON COLUMN mart.hubungan_regulasi.sumber IS 'Kode sumber yang menyatakannya.';
COMMENT ON COLUMN mart.hubungan_regulasi.judul_penyebut IS 'Judul produk hukum yang memuat pernyataan itu.';
COMMENT ON COLUMN mart.hubungan_regulasi.bunyi IS 'Bunyi pernyataan menurut sumbernya.';
COMMENT ON COLUMN mart.hubungan_regulasi.terlihat_sejak IS 'Saat pernyataan ini pertama kali ditangkap.';
COMMENT ON COLUMN mart.hubungan_regulasi.tangkapan_id IS 'Pengenal tangkapan yang pertama memuatnya.';
