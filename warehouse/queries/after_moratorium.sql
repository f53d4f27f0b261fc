-- Applications listed at $as_of that began after the moratorium then in force; the reasoning is that of
-- marts/37_aplikasi_setelah_moratorium.sql. known_at is when that was first known: it names the event.
WITH version AS (
    SELECT
        app.*, inst.moratorium_from, inst.time_zone,
        trim(regexp_replace(lower(app.name), '[^a-z0-9]+', ' ', 'g')) AS plain_name,
        min(app.valid_from) OVER (PARTITION BY app.institution, app.source, app.application_key) AS first_seen_at,
        min(app.valid_from) OVER (
            PARTITION BY app.institution, app.source, app.application_key, app.started_on
        ) AS known_at
    FROM core.application AS app
    JOIN core.institution AS inst
        ON inst.institution = app.institution
        AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
    WHERE inst.moratorium_from IS NOT NULL AND app.valid_from <= $as_of
),
first_run AS (
    SELECT institution, source, min(observed_at) AS first_ok_at
    FROM core.observation
    WHERE is_ok
    GROUP BY institution, source
)
SELECT DISTINCT ON (listed.institution, listed.source, listed.application_key)
    listed.institution, listed.name, listed.agency, listed.moratorium_from, listed.known_at
FROM version AS listed
LEFT JOIN first_run USING (institution, source)
WHERE (listed.valid_to IS NULL OR listed.valid_to > $as_of)
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
ORDER BY listed.institution, listed.source, listed.application_key, listed.row_hash
