-- Legal products by topic, one row per topic, institution and product, whatever number of sources and titles it
-- has (`regulation_key` is its `regulation`).
WITH candidate AS (
    SELECT titled.*, coalesce(seen.last_ok_at, titled.listed_from) AS observed_at
    FROM regulation_titled AS titled
    LEFT JOIN source_seen AS seen USING (institution, source)
)

SELECT
    topic, institution, regulation AS regulation_key,
    arg_max(label, (is_numbered, observed_at, source)) AS label,
    any_value(year ORDER BY source) AS year,
    any_value(issuer ORDER BY issuer, source) AS issuer,
    -- Where sources differ: repealed, then in force, then past, then unknown.
    CASE min(CASE state WHEN 'dicabut' THEN 1 WHEN 'berlaku' THEN 2 WHEN 'lewat' THEN 3 ELSE 4 END)
        WHEN 1 THEN 'dicabut' WHEN 2 THEN 'berlaku' WHEN 3 THEN 'lewat' ELSE 'tidak_diketahui'
    END AS state,
    max(period_end) AS period_end,
    max(repealed_by) AS repealed_by,
    list_sort(list_distinct(list(capture_id) || list(repealed_by_capture_id))) AS capture_ids,
    max(observed_at) AS observed_at
FROM candidate
GROUP BY topic, institution, regulation
