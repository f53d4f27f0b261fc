-- Legal products that the last complete run of their source still showed.
CREATE OR REPLACE VIEW mart.regulasi_terkini AS
SELECT
    legal.institution AS institusi,
    legal.source AS sumber,
    legal.regulation_key AS regulasi,
    legal.type_code AS kode_jenis,
    legal.type_name AS jenis,
    legal.number AS nomor,
    legal.year AS tahun,
    legal.title AS judul,
    legal.status AS status,
    legal.status_raw AS status_sumber,
    legal.enacted_on AS ditetapkan_pada,
    legal.promulgated_on AS diundangkan_pada,
    legal.detail_url AS url_rincian,
    legal.file_url AS url_berkas,
    legal.valid_from AS terlihat_sejak,
    legal.loaded_at AS dimuat_pada,
    legal.capture_id AS tangkapan_id
FROM core.regulation AS legal
WHERE legal.valid_to IS NULL
ORDER BY legal.institution, legal.year DESC, legal.type_code, legal.number, legal.source;

COMMENT ON VIEW mart.regulasi_terkini IS 'Produk hukum yang masih tampil pada pengumpulan terakhir sumbernya.';
COMMENT ON COLUMN mart.regulasi_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.regulasi_terkini.sumber IS 'Kode sumber.';
COMMENT ON COLUMN mart.regulasi_terkini.regulasi IS 'Pengenal produk hukum: jenis/tahun/nomor, atau sidik judul.';
COMMENT ON COLUMN mart.regulasi_terkini.kode_jenis IS
'Kode jenis: perda, perkada, kepkada, instruksi, surat_edaran, lainnya.';
COMMENT ON COLUMN mart.regulasi_terkini.jenis IS 'Jenis menurut sumbernya.';
COMMENT ON COLUMN mart.regulasi_terkini.nomor IS 'Nomor produk hukum.';
COMMENT ON COLUMN mart.regulasi_terkini.tahun IS 'Tahun produk hukum.';
COMMENT ON COLUMN mart.regulasi_terkini.judul IS 'Judul menurut sumbernya.';
COMMENT ON COLUMN mart.regulasi_terkini.status IS 'Status: berlaku, dicabut, diubah, tidak_diketahui.';
COMMENT ON COLUMN mart.regulasi_terkini.status_sumber IS 'Status seperti tertulis di sumbernya.';
COMMENT ON COLUMN mart.regulasi_terkini.ditetapkan_pada IS 'Tanggal penetapan.';
COMMENT ON COLUMN mart.regulasi_terkini.diundangkan_pada IS 'Tanggal pengundangan.';
COMMENT ON COLUMN mart.regulasi_terkini.url_rincian IS 'Alamat halaman rincian.';
COMMENT ON COLUMN mart.regulasi_terkini.url_berkas IS 'Alamat berkas naskah.';
COMMENT ON COLUMN mart.regulasi_terkini.terlihat_sejak IS 'Saat versi ini pertama kali ditangkap.';
COMMENT ON COLUMN mart.regulasi_terkini.dimuat_pada IS 'Saat versi ini dimuat: sejak saat itu diketahui di sini.';
COMMENT ON COLUMN mart.regulasi_terkini.tangkapan_id IS 'Pengenal tangkapan yang pertama memuatnya.';
