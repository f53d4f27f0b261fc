-- Claim: most legal products of a listing can be downloaded (interaction, as PermenPANRB 59/2020, Tabel 3,
-- calls it). Most is at least half: a listing with a few links must not pass for a service. A link to the
-- publisher's own machine, as some systems emit, is no download. Never FALSE: a feed may leave links out.
WITH per_source AS (
    SELECT
        institution, source,
        count(*) AS listed,
        count(*) FILTER (
            WHERE regexp_matches(lower(file_url), '^https?://')
              AND NOT regexp_matches(lower(file_url), '^https?://(?:localhost|127\.|0\.0\.0\.0|\[::1\])')
        ) AS downloadable,
        list_sort(list_distinct(list(capture_id)))[1:5] AS capture_ids,
        max(observed_at) AS observed_at
    FROM regulation_current
    WHERE state != 'rancangan'
    GROUP BY institution, source
),

best AS (
    SELECT institution, arg_max(per_source, (downloadable * 1.0 / listed, listed, source)) AS row
    FROM per_source
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN best.row.downloadable * 2 >= best.row.listed THEN TRUE END AS answer,
    CASE
        WHEN best.institution IS NULL THEN 'Belum ada daftar peraturan yang terbaca'
        ELSE best.row.downloadable || ' dari ' || best.row.listed || ' produk hukum dalam daftar '
            || best.row.source || ' dapat diunduh'
    END AS reason,
    coalesce(best.row.capture_ids, [])::VARCHAR[] AS evidence_ids,
    best.row.observed_at AS observed_at
FROM institution_current AS inst
LEFT JOIN best USING (institution)
ORDER BY inst.institution
