-- Applications listed now that began after the moratorium, by the date they give, else by when the registry first
-- showed them. What the first run of a registry showed was there before; a name or an address known before is a
-- renamed or moved application, not a new one; national applications (umum) are meant to be taken up.
-- The same is asked as of a date in queries/after_moratorium.sql.
CREATE OR REPLACE VIEW mart.aplikasi_setelah_moratorium AS
WITH version AS (
    SELECT
        app.*, inst.moratorium_from, inst.time_zone,
        trim(regexp_replace(lower(app.name), '[^a-z0-9]+', ' ', 'g')) AS plain_name,
        min(app.valid_from) OVER (PARTITION BY app.institution, app.source, app.application_key) AS first_seen_at
    FROM core.application AS app
    JOIN core.institution AS inst ON inst.institution = app.institution AND inst.valid_to IS NULL
    WHERE inst.moratorium_from IS NOT NULL
),
first_run AS (
    SELECT institution, source, min(observed_at) AS first_ok_at
    FROM core.observation
    WHERE is_ok
    GROUP BY institution, source
)
SELECT DISTINCT ON (listed.institution, listed.source, listed.application_key)
    listed.institution AS institusi,
    listed.source AS sumber,
    listed.application_key AS aplikasi,
    listed.name AS nama,
    listed.agency AS perangkat_daerah,
    listed.kind AS jenis,
    listed.status AS status,
    listed.url AS url,
    listed.moratorium_from AS moratorium_sejak,
    coalesce(listed.started_on, timezone(listed.time_zone, listed.first_seen_at)::DATE) AS mulai_pada,
    CASE WHEN listed.started_on IS NOT NULL THEN 'tanggal mulai dalam registri' ELSE 'pertama kali tercatat' END
        AS dasar,
    listed.first_seen_at AS terlihat_sejak
FROM version AS listed
LEFT JOIN first_run USING (institution, source)
WHERE listed.valid_to IS NULL
  AND listed.kind != 'umum'
  AND CASE
      WHEN listed.started_on IS NOT NULL THEN listed.started_on >= listed.moratorium_from
      ELSE
          timezone(listed.time_zone, listed.first_seen_at)::DATE >= listed.moratorium_from
          AND listed.first_seen_at > first_run.first_ok_at
          AND NOT EXISTS (
              SELECT 1 FROM version AS earlier
              WHERE earlier.institution = listed.institution
                AND earlier.valid_from < listed.first_seen_at
                AND (earlier.plain_name = listed.plain_name OR earlier.url = listed.url)
          )
  END
ORDER BY listed.institution, listed.source, listed.application_key, listed.row_hash;

COMMENT ON VIEW mart.aplikasi_setelah_moratorium IS
'Aplikasi bukan nasional yang mulai atau pertama kali tercatat pada atau setelah tanggal moratorium dalam berkas institusi.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.sumber IS 'Kode sumber registri.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.aplikasi IS 'Pengenal aplikasi: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.nama IS 'Nama aplikasi.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.jenis IS 'Jenis: khusus atau tidak_diketahui; aplikasi umum tidak termasuk.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.status IS 'Status: aktif, tidak_aktif, tidak_diketahui.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.url IS 'Alamat aplikasi.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.moratorium_sejak IS 'Hari pertama moratorium menurut berkas institusi.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.mulai_pada IS 'Tanggal mulai, atau tanggal pertama kali tercatat bila registri tidak menyebutnya.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.dasar IS
'Dari mana tanggal itu. Nama atau alamat yang sudah dikenal sebelumnya dianggap aplikasi lama.';
COMMENT ON COLUMN mart.aplikasi_setelah_moratorium.terlihat_sejak IS 'Saat aplikasi pertama kali ditangkap.';
