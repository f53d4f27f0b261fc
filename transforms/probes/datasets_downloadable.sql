-- Claim: most data sets of an open data portal can be downloaded in open formats (interaction, as PermenPANRB
-- 59/2020, Tabel 3, calls it). Most is at least half, of at least three: a try-out is no service. Never FALSE: a
-- portal may leave formats unsaid.
WITH per_source AS (
    SELECT
        institution, source, count(*) AS listed, count(*) FILTER (WHERE is_open) AS open,
        list_sort(list_distinct(list(capture_id)))[1:5] AS capture_ids,
        max(coalesce(seen.last_ok_at, data.listed_from)) AS observed_at
    FROM dataset_current AS data
    LEFT JOIN source_seen AS seen USING (institution, source)
    GROUP BY institution, source
),

best AS (
    SELECT institution, arg_max(per_source, (open, source)) AS row
    FROM per_source
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN best.row.listed >= 3 AND best.row.open * 2 >= best.row.listed THEN TRUE END AS answer,
    CASE
        WHEN best.institution IS NULL THEN 'Belum ada katalog data terbuka yang terbaca'
        ELSE best.row.open || ' dari ' || best.row.listed || ' himpunan data dalam katalog ' || best.row.source
            || ' dapat diunduh dalam format terbuka'
    END AS reason,
    coalesce(best.row.capture_ids, [])::VARCHAR[] AS evidence_ids,
    best.row.observed_at AS observed_at
FROM institution_current AS inst
LEFT JOIN best USING (institution)
ORDER BY inst.institution
