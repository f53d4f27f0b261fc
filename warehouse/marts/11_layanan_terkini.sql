-- Every service that is checked now, with its last check and how it did in the 30 days before that check.
-- A check that could not tell (is_up NULL) counts neither as up nor as down. A service is down when every check
-- failed for as long as the institution's file says, over two connections or more, as in the facts that scoring
-- rests on. Histories from other tools are not looked at.
CREATE OR REPLACE VIEW mart.layanan_terkini AS
WITH own_check AS (
    FROM core.uptime_check WHERE source = 'layanan'
),
last_check AS (
    SELECT *
    FROM own_check
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
),
turning AS (
    SELECT
        past.institution, past.service_id,
        max(past.checked_at) FILTER (WHERE past.is_up IS DISTINCT FROM last_check.is_up) AS last_other_at,
        count(past.is_up) FILTER (WHERE past.checked_at > last_check.checked_at - INTERVAL 30 DAY) AS told,
        count(*) FILTER (WHERE past.is_up AND past.checked_at > last_check.checked_at - INTERVAL 30 DAY) AS up
    FROM own_check AS past
    JOIN last_check USING (institution, service_id)
    GROUP BY past.institution, past.service_id
),
since AS (
    SELECT past.institution, past.service_id, min(past.checked_at) AS since_at, sum(past.attempts) AS connections
    FROM own_check AS past
    JOIN turning USING (institution, service_id)
    WHERE turning.last_other_at IS NULL OR past.checked_at > turning.last_other_at
    GROUP BY past.institution, past.service_id
)
SELECT
    service.institution AS institusi,
    service.service_id AS layanan,
    service.name AS nama,
    coalesce(agency.name, service.agency) AS perangkat_daerah,
    service.url AS url,
    CASE
        WHEN last_check.checked_at IS NULL THEN 'belum diperiksa'
        WHEN last_check.is_up THEN 'hidup'
        WHEN NOT last_check.is_up AND since.connections >= 2
            AND (turning.last_other_at IS NULL
                OR turning.last_other_at <= last_check.checked_at - inst.down_after) THEN 'mati'
        WHEN NOT last_check.is_up THEN 'gagal sesaat'
        ELSE 'tidak dapat dipastikan'
    END AS keadaan,
    since.since_at AS sejak,
    last_check.checked_at AS diperiksa_pada,
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
    CAST(round(100.0 * turning.up / nullif(turning.told, 0), 2) AS DECIMAL(5, 2)) AS ketersediaan_30_hari_persen,
    turning.told AS pemeriksaan_30_hari,
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
LEFT JOIN turning
    ON turning.institution = service.institution AND turning.service_id = service.service_id
LEFT JOIN since
    ON since.institution = service.institution AND since.service_id = service.service_id
LEFT JOIN page
    ON page.institution = service.institution AND page.service_id = service.service_id
JOIN core.institution AS inst ON inst.institution = service.institution AND inst.valid_to IS NULL
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
'Keadaan: hidup, mati, gagal sesaat (belum cukup lama untuk disebut mati), tidak dapat dipastikan, belum diperiksa.';
COMMENT ON COLUMN mart.layanan_terkini.sejak IS 'Pemeriksaan pertama sejak keadaan itu terus sama.';
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
'Persen pemeriksaan yang hidup dalam 30 hari sampai pemeriksaan terakhir; yang tidak dapat dipastikan tidak dihitung.';
COMMENT ON COLUMN mart.layanan_terkini.pemeriksaan_30_hari IS
'Banyaknya pemeriksaan yang dihitung untuk ketersediaan itu.';
COMMENT ON COLUMN mart.layanan_terkini.disusupi IS
'Benar bila halamannya memuat iklan judi menurut pemeriksaan terakhir yang dapat memastikan; kosong bila belum ada.';
COMMENT ON COLUMN mart.layanan_terkini.bukti_penyusupan IS 'Kutipan iklan judi; alamatnya dibuat tak dapat diklik.';
COMMENT ON COLUMN mart.layanan_terkini.judul_halaman IS 'Judul halaman pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.bahasa_halaman IS 'Perkiraan bahasa halaman pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.versi_http IS 'Versi HTTP pada pemeriksaan terakhir.';
COMMENT ON COLUMN mart.layanan_terkini.hsts IS 'Benar bila peramban disuruh selalu memakai HTTPS; kosong tanpa HTTPS.';
