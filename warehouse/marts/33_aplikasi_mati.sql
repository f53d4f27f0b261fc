-- Registered but dead: not said to be retired, and every watched service that it is, is down.
CREATE OR REPLACE VIEW mart.aplikasi_mati AS
SELECT
    institusi,
    sumber,
    aplikasi,
    any_value(nama) AS nama,
    any_value(perangkat_daerah) AS perangkat_daerah,
    any_value(status) AS status,
    any_value(url) AS url,
    list_sort(list_distinct(list(layanan))) AS layanan,
    max(sejak) AS mati_sejak,
    max(diperiksa_pada) AS diperiksa_pada
FROM mart.aplikasi_layanan
GROUP BY institusi, sumber, aplikasi
HAVING bool_and(keadaan = 'mati') AND bool_and(status != 'tidak_aktif')
ORDER BY institusi, nama, aplikasi, sumber;

COMMENT ON VIEW mart.aplikasi_mati IS
'Aplikasi yang tercatat (dan tidak dinyatakan tidak aktif), tetapi semua layanan terpantau di alamatnya mati. Yang tidak dipantau tidak termasuk.';
COMMENT ON COLUMN mart.aplikasi_mati.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_mati.sumber IS 'Kode sumber registri.';
COMMENT ON COLUMN mart.aplikasi_mati.aplikasi IS 'Pengenal aplikasi: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_mati.nama IS 'Nama aplikasi.';
COMMENT ON COLUMN mart.aplikasi_mati.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.aplikasi_mati.status IS 'Status menurut registri: aktif atau tidak_diketahui.';
COMMENT ON COLUMN mart.aplikasi_mati.url IS 'Alamat aplikasi menurut registri.';
COMMENT ON COLUMN mart.aplikasi_mati.layanan IS 'Layanan terpantau yang mati.';
COMMENT ON COLUMN mart.aplikasi_mati.mati_sejak IS 'Saat yang terakhir dari layanan itu mati.';
COMMENT ON COLUMN mart.aplikasi_mati.diperiksa_pada IS 'Saat pemeriksaan terakhir.';
