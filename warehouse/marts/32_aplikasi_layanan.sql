-- Registered applications and the watched services they are: by host, or by name where an entry gives no address.
-- A host is compared in lower case, without "www." and without the usual ports.
CREATE OR REPLACE VIEW mart.aplikasi_layanan AS
WITH listed AS (
    SELECT
        *,
        regexp_replace(
            regexp_extract(lower(url), '^https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#]+)', 1), '\.?(:80|:443)?$', ''
        ) AS host,
        trim(regexp_replace(lower(nama), '[^a-z0-9]+', ' ', 'g')) AS nama_biasa
    FROM mart.aplikasi_terkini
),
watched AS (
    SELECT
        *,
        regexp_replace(
            regexp_extract(lower(url), '^https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#]+)', 1), '\.?(:80|:443)?$', ''
        ) AS host,
        trim(regexp_replace(lower(nama), '[^a-z0-9]+', ' ', 'g')) AS nama_biasa
    FROM mart.layanan_terkini
)
SELECT
    listed.institusi,
    listed.sumber,
    listed.aplikasi,
    listed.nama,
    listed.perangkat_daerah,
    listed.status,
    listed.url,
    watched.layanan,
    watched.nama AS nama_layanan,
    watched.url AS url_layanan,
    CASE WHEN listed.host = watched.host THEN 'host' ELSE 'nama' END AS dasar,
    watched.keadaan,
    watched.sejak,
    watched.diperiksa_pada
FROM listed
JOIN watched
    ON watched.institusi = listed.institusi
    AND ((listed.host != '' AND listed.host = watched.host)
        OR (coalesce(listed.host, '') = '' AND listed.nama_biasa = watched.nama_biasa))
ORDER BY listed.institusi, listed.nama, listed.aplikasi, listed.sumber, watched.layanan;

COMMENT ON VIEW mart.aplikasi_layanan IS
'Aplikasi dalam registri dan layanan terpantau yang sama hostnya, atau sama namanya bila registri tanpa alamat.';
COMMENT ON COLUMN mart.aplikasi_layanan.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_layanan.sumber IS 'Kode sumber registri.';
COMMENT ON COLUMN mart.aplikasi_layanan.aplikasi IS 'Pengenal aplikasi: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_layanan.nama IS 'Nama aplikasi.';
COMMENT ON COLUMN mart.aplikasi_layanan.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.aplikasi_layanan.status IS 'Status menurut registri: aktif, tidak_aktif, tidak_diketahui.';
COMMENT ON COLUMN mart.aplikasi_layanan.url IS 'Alamat aplikasi menurut registri.';
COMMENT ON COLUMN mart.aplikasi_layanan.layanan IS 'Kode layanan yang dipantau.';
COMMENT ON COLUMN mart.aplikasi_layanan.nama_layanan IS 'Nama layanan yang dipantau.';
COMMENT ON COLUMN mart.aplikasi_layanan.url_layanan IS 'Alamat layanan yang dipantau.';
COMMENT ON COLUMN mart.aplikasi_layanan.dasar IS 'Mengapa dipasangkan: host atau nama.';
COMMENT ON COLUMN mart.aplikasi_layanan.keadaan IS 'Keadaan layanan: hidup, gagal sesaat, mati, tidak dapat dipastikan, belum diperiksa.';
COMMENT ON COLUMN mart.aplikasi_layanan.sejak IS 'Sejak kapan keadaan itu.';
COMMENT ON COLUMN mart.aplikasi_layanan.diperiksa_pada IS 'Saat pemeriksaan terakhir.';
