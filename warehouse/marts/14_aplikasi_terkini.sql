-- Applications that the last complete run of their registry still showed.
CREATE OR REPLACE VIEW mart.aplikasi_terkini AS
SELECT
    listed.institution AS institusi,
    listed.source AS sumber,
    listed.application_key AS aplikasi,
    listed.name AS nama,
    listed.agency AS perangkat_daerah,
    listed.description AS uraian,
    listed.url AS url,
    listed.kind AS jenis,
    listed.status AS status,
    listed.is_integrated AS terintegrasi,
    listed.started_on AS mulai_pada,
    listed.valid_from AS terlihat_sejak,
    listed.loaded_at AS dimuat_pada,
    listed.capture_id AS tangkapan_id
FROM core.application AS listed
WHERE listed.valid_to IS NULL
ORDER BY listed.institution, listed.name, listed.application_key, listed.source;

COMMENT ON VIEW mart.aplikasi_terkini IS 'Aplikasi yang masih tercatat pada pengumpulan terakhir registrinya.';
COMMENT ON COLUMN mart.aplikasi_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_terkini.sumber IS 'Kode sumber.';
COMMENT ON COLUMN mart.aplikasi_terkini.aplikasi IS 'Pengenal aplikasi: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_terkini.nama IS 'Nama aplikasi.';
COMMENT ON COLUMN mart.aplikasi_terkini.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.aplikasi_terkini.uraian IS 'Uraian aplikasi menurut registri.';
COMMENT ON COLUMN mart.aplikasi_terkini.url IS 'Alamat aplikasi.';
COMMENT ON COLUMN mart.aplikasi_terkini.jenis IS 'Jenis: umum, khusus, tidak_diketahui.';
COMMENT ON COLUMN mart.aplikasi_terkini.status IS 'Status: aktif, tidak_aktif, tidak_diketahui.';
COMMENT ON COLUMN mart.aplikasi_terkini.terintegrasi IS 'Benar bila registri menyebutnya terintegrasi.';
COMMENT ON COLUMN mart.aplikasi_terkini.mulai_pada IS 'Tanggal mulai dipakai.';
COMMENT ON COLUMN mart.aplikasi_terkini.terlihat_sejak IS 'Saat versi ini pertama kali ditangkap.';
COMMENT ON COLUMN mart.aplikasi_terkini.dimuat_pada IS 'Saat versi ini dimuat: sejak saat itu diketahui di sini.';
COMMENT ON COLUMN mart.aplikasi_terkini.tangkapan_id IS 'Pengenal tangkapan yang pertama memuatnya.';
