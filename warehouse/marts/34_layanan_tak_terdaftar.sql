-- Alive but unregistered: watched services that answer and that no entry of the registries is. Only where the
-- institution has a registry: without one, nothing is missing from it.
CREATE OR REPLACE VIEW mart.layanan_tak_terdaftar AS
SELECT
    watched.institusi,
    watched.layanan,
    watched.nama,
    watched.perangkat_daerah,
    watched.url,
    watched.sejak AS hidup_sejak,
    watched.diperiksa_pada
FROM mart.layanan_terkini AS watched
WHERE watched.keadaan = 'hidup'
  AND EXISTS (SELECT 1 FROM mart.aplikasi_terkini AS listed WHERE listed.institusi = watched.institusi)
  AND NOT EXISTS (
      SELECT 1 FROM mart.aplikasi_layanan AS known
      WHERE known.institusi = watched.institusi AND known.layanan = watched.layanan
  )
ORDER BY watched.institusi, watched.nama, watched.layanan;

COMMENT ON VIEW mart.layanan_tak_terdaftar IS
'Layanan terpantau yang hidup tetapi tidak ditemukan dalam registri aplikasi, menurut host atau nama.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.layanan IS 'Kode layanan.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.nama IS 'Nama layanan.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.perangkat_daerah IS 'Perangkat daerah pemilik layanan menurut berkas institusi.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.url IS 'Alamat layanan.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.hidup_sejak IS 'Sejak kapan layanan hidup tanpa terputus.';
COMMENT ON COLUMN mart.layanan_tak_terdaftar.diperiksa_pada IS 'Saat pemeriksaan terakhir.';
