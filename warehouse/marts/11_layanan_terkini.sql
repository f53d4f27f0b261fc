-- Every service that is checked now, with its state as scoring sees it (core.service_now: maintenance left out, our
-- own outages too) and what its last check said. Histories from other tools are not looked at.
CREATE OR REPLACE VIEW mart.layanan_terkini AS
WITH last_check AS (
    SELECT *
    FROM core.uptime_check
    WHERE source = 'layanan'
    QUALIFY row_number() OVER (
        PARTITION BY institution, service_id ORDER BY checked_at DESC, loaded_at DESC
    ) = 1
),
page AS (
    SELECT
        institution, service_id,
        arg_max(struct_pack(is_compromised, compromise_evidence), checked_at) AS told
    FROM core.uptime_check
    WHERE is_compromised IS NOT NULL
    GROUP BY institution, service_id
)
SELECT
    service.institution AS institusi,
    service.service_id AS layanan,
    service.name AS nama,
    coalesce(agency.name, service.agency) AS perangkat_daerah,
    service.url AS url,
    coalesce(now.state, 'belum diperiksa') AS keadaan,
    now.since_at AS sejak,
    coalesce(last_check.checked_at, now.latest_at) AS diperiksa_pada,
    last_check.status AS status_http,
    last_check.error_class AS kelas_galat,
    last_check.error_message AS pesan_galat,
    last_check.dns_ms AS dns_ms,
    last_check.connect_ms AS sambung_ms,
    last_check.tls_ms AS tls_ms,
    last_check.first_byte_ms AS bita_pertama_ms,
    last_check.total_ms AS total_ms,
    last_check.is_https AS https,
    last_check.tls_ok AS sertifikat_sah,
    last_check.cert_issuer AS penerbit_sertifikat,
    last_check.cert_expires_at AS sertifikat_kedaluwarsa_pada,
    CAST(round(100.0 * now.up_30d / nullif(now.checks_30d, 0), 2) AS DECIMAL(5, 2)) AS ketersediaan_30_hari_persen,
    now.checks_30d AS pemeriksaan_30_hari,
    page.told.is_compromised AS disusupi,
    CASE WHEN page.told.is_compromised THEN page.told.compromise_evidence END AS bukti_penyusupan,
    last_check.page_title AS judul_halaman,
    last_check.language AS bahasa_halaman,
    last_check.http_version AS versi_http,
    last_check.hsts AS hsts
FROM core.service AS service
LEFT JOIN core.agency AS agency
    ON agency.institution = service.institution AND agency.agency = service.agency AND agency.valid_to IS NULL
LEFT JOIN last_check
    ON last_check.institution = service.institution AND last_check.service_id = service.service_id
LEFT JOIN core.service_now AS now
    ON now.institution = service.institution AND now.service_id = service.service_id
LEFT JOIN page
    ON page.institution = service.institution AND page.service_id = service.service_id
WHERE service.valid_to IS NULL
ORDER BY service.institution, service.name, service.service_id;

COMMENT ON VIEW mart.layanan_terkini IS
'Pemeriksaan terakhir setiap layanan. Salinan terbit memuat pemeriksaan 90 hari terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.layanan_terkini.layanan IS 'Kode layanan.';
COMMENT ON COLUMN mart.layanan_terkini.nama IS 'Nama layanan.';
COMMENT ON COLUMN mart.layanan_terkini.perangkat_daerah IS 'Perangkat daerah pengelola.';
COMMENT ON COLUMN mart.layanan_terkini.url IS 'Alamat yang diperiksa.';
COMMENT ON COLUMN mart.layanan_terkini.keadaan IS
'Keadaan saat terbit: hidup, mati, gagal sesaat (belum cukup lama untuk disebut mati), tidak stabil (terlalu sering berganti hidup dan mati), pemeliharaan (sedang dalam jendela pemeliharaan), tidak dapat dipastikan, belum diperiksa.';
COMMENT ON COLUMN mart.layanan_terkini.sejak IS 'Pemeriksaan pertama sejak keadaan itu terus sama; pada layanan tidak stabil pergantian pertamanya, dalam pemeliharaan awal jendelanya.';
COMMENT ON COLUMN mart.layanan_terkini.diperiksa_pada IS 'Saat pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.status_http IS 'Status HTTP pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.kelas_galat IS 'Jenis kegagalan pada pemeriksaan terakhir; kosong bila hidup.';
COMMENT ON COLUMN mart.layanan_terkini.pesan_galat IS 'Pesan kegagalan pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.dns_ms IS 'Waktu pencarian nama, milidetik.';
COMMENT ON COLUMN mart.layanan_terkini.sambung_ms IS 'Waktu penyambungan, milidetik.';
COMMENT ON COLUMN mart.layanan_terkini.tls_ms IS 'Waktu jabat tangan TLS, milidetik.';
COMMENT ON COLUMN mart.layanan_terkini.bita_pertama_ms IS 'Waktu sampai bita pertama, milidetik.';
COMMENT ON COLUMN mart.layanan_terkini.total_ms IS 'Waktu seluruh pemeriksaan, milidetik.';
COMMENT ON COLUMN mart.layanan_terkini.https IS 'Benar bila alamat akhirnya HTTPS.';
COMMENT ON COLUMN mart.layanan_terkini.sertifikat_sah IS 'Benar bila sertifikat TLS dapat dipercaya.';
COMMENT ON COLUMN mart.layanan_terkini.penerbit_sertifikat IS 'Penerbit sertifikat TLS.';
COMMENT ON COLUMN mart.layanan_terkini.sertifikat_kedaluwarsa_pada IS 'Saat sertifikat TLS kedaluwarsa.';
COMMENT ON COLUMN mart.layanan_terkini.ketersediaan_30_hari_persen IS
'Persen pemeriksaan yang hidup dalam 30 hari sampai pemeriksaan terakhir; yang tidak dapat dipastikan dan yang dalam pemeliharaan tidak dihitung.';
COMMENT ON COLUMN mart.layanan_terkini.pemeriksaan_30_hari IS
'Banyaknya pemeriksaan yang dihitung untuk ketersediaan itu.';
COMMENT ON COLUMN mart.layanan_terkini.disusupi IS
'Benar bila halamannya memuat iklan judi menurut pemeriksaan terakhir yang dapat memastikan; kosong bila belum ada.';
COMMENT ON COLUMN mart.layanan_terkini.bukti_penyusupan IS 'Kutipan iklan judi; alamatnya dibuat tak dapat diklik.';
COMMENT ON COLUMN mart.layanan_terkini.judul_halaman IS 'Judul halaman pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.bahasa_halaman IS 'Perkiraan bahasa halaman pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.versi_http IS 'Versi HTTP pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.hsts IS 'Benar bila peramban disuruh selalu memakai HTTPS; kosong tanpa HTTPS.';
