-- Every source that is collected now, with its last run and its last good one. Whether it is stale is told as
-- of the latest scored date. Attestations have no TTL of their own here: each statement carries its expiry.
CREATE OR REPLACE VIEW mart.sumber_terkini AS
WITH known AS (
    SELECT institution, source, collector, cadence, agency, location
    FROM core.source
    WHERE valid_to IS NULL
    UNION ALL
    -- The services and the institution's own file are collected without being listed as sources.
    SELECT DISTINCT institution, source, collector, NULL, NULL, NULL
    FROM core.observation
    WHERE source IN ('layanan', 'institusi')
),
last_run AS (
    SELECT *
    FROM core.observation
    QUALIFY row_number() OVER (PARTITION BY institution, source ORDER BY observed_at DESC, loaded_at DESC) = 1
),
last_good AS (
    SELECT *
    FROM core.observation
    WHERE is_ok
    QUALIFY row_number() OVER (PARTITION BY institution, source ORDER BY observed_at DESC, loaded_at DESC) = 1
),
refused AS (
    SELECT run.institution, run.source, sum(run.rows_quarantined) AS row_count
    FROM last_good JOIN ops.load AS run USING (institution, source, observed_at)
    GROUP BY ALL
),
scored AS (
    SELECT institusi, max(keadaan_pada) AS as_of FROM mart.skor_terkini GROUP BY institusi
)
SELECT
    known.institution AS institusi,
    known.source AS sumber,
    known.collector AS pengumpul,
    known.cadence AS irama,
    coalesce(agency.name, known.agency) AS perangkat_daerah,
    known.location AS alamat,
    last_run.observed_at AS terakhir_dijalankan_pada,
    last_run.is_ok AS terakhir_berhasil,
    CASE WHEN NOT last_run.is_ok THEN last_run.error END AS kelas_galat,
    CASE WHEN NOT last_run.is_ok THEN last_run.message END AS pesan_galat,
    last_good.observed_at AS berhasil_pada,
    last_good.row_count AS jumlah_baris,
    CASE WHEN last_good.source IS NOT NULL THEN coalesce(refused.row_count, 0)::BIGINT END AS jumlah_ditolak,
    last_good.loaded_at AS dimuat_pada,
    fresh.ttl AS masa_segar,
    fresh.grace AS masa_tenggang,
    CASE WHEN fresh.ttl IS NOT NULL
        THEN coalesce(last_good.observed_at + fresh.ttl < scored.as_of, last_good.observed_at IS NULL)
    END AS basi
FROM known
LEFT JOIN core.agency AS agency
    ON agency.institution = known.institution AND agency.agency = known.agency AND agency.valid_to IS NULL
LEFT JOIN last_run ON last_run.institution = known.institution AND last_run.source = known.source
LEFT JOIN last_good ON last_good.institution = known.institution AND last_good.source = known.source
LEFT JOIN refused ON refused.institution = known.institution AND refused.source = known.source
LEFT JOIN core.freshness AS fresh
    ON fresh.institution = known.institution AND fresh.valid_to IS NULL
    AND fresh.kind = CASE known.collector
        WHEN 'regulations' THEN 'regulation'
        WHEN 'app_registry' THEN 'application'
        WHEN 'open_data' THEN 'application'
        WHEN 'uptime' THEN 'uptime'
    END
LEFT JOIN scored ON scored.institusi = known.institution
ORDER BY known.institution, known.source;

COMMENT ON VIEW mart.sumber_terkini IS 'Setiap sumber yang dikumpulkan: terakhir berhasil, terakhir dijalankan, dan apakah basi.';
COMMENT ON COLUMN mart.sumber_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.sumber_terkini.sumber IS 'Kode sumber.';
COMMENT ON COLUMN mart.sumber_terkini.pengumpul IS 'Jenis pengumpul: regulations, app_registry, attestations, open_data, uptime, institution.';
COMMENT ON COLUMN mart.sumber_terkini.irama IS 'Irama pengumpulan menurut berkas institusi.';
COMMENT ON COLUMN mart.sumber_terkini.perangkat_daerah IS 'Perangkat daerah pemilik sumber.';
COMMENT ON COLUMN mart.sumber_terkini.alamat IS 'Alamat atau berkas sumber.';
COMMENT ON COLUMN mart.sumber_terkini.terakhir_dijalankan_pada IS 'Saat pengumpulan terakhir, berhasil atau tidak.';
COMMENT ON COLUMN mart.sumber_terkini.terakhir_berhasil IS 'Benar bila pengumpulan terakhir berhasil dan dimuat.';
COMMENT ON COLUMN mart.sumber_terkini.kelas_galat IS 'Jenis kegagalan pengumpulan terakhir; kosong bila berhasil.';
COMMENT ON COLUMN mart.sumber_terkini.pesan_galat IS 'Pesan kegagalan pengumpulan terakhir; kosong bila berhasil.';
COMMENT ON COLUMN mart.sumber_terkini.berhasil_pada IS 'Saat pengumpulan terakhir yang berhasil.';
COMMENT ON COLUMN mart.sumber_terkini.jumlah_baris IS 'Banyaknya baris pada pengumpulan terakhir yang berhasil.';
COMMENT ON COLUMN mart.sumber_terkini.jumlah_ditolak IS
'Banyaknya baris yang ditolak pada pengumpulan itu; alasannya di mart.karantina.';
COMMENT ON COLUMN mart.sumber_terkini.dimuat_pada IS 'Saat pengumpulan terakhir yang berhasil itu dimuat.';
COMMENT ON COLUMN mart.sumber_terkini.masa_segar IS 'Berapa lama bukti dari sumber ini dianggap segar; kosong bila tidak berlaku.';
COMMENT ON COLUMN mart.sumber_terkini.masa_tenggang IS 'Berapa lama setelah itu bukti masih dihitung dalam nilai sementara.';
COMMENT ON COLUMN mart.sumber_terkini.basi IS
'Benar bila pada tanggal penilaian terakhir bukti sumber ini sudah melewati masa segar atau belum pernah ada.';
