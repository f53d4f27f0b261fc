-- Legal products by topic, one row per topic, institution and product, whatever number of sources and titles it
-- has (`regulation_key` is its `regulation`); which topics a title has is in the temporary
-- table topic_title (warehouse/topic_titles.py). Drafts are no products, and one that only repeals another governs nothing.
WITH candidate AS (
    SELECT *
    FROM regulation_current
    WHERE state != 'rancangan'
      AND NOT regexp_matches(title_norm, '\bpencabutan\b')
)

SELECT
    told.topic, reg.institution, reg.regulation AS regulation_key,
    arg_max(reg.label, (reg.number IS NOT NULL, reg.observed_at, reg.source)) AS label,
    any_value(reg.year ORDER BY reg.source) AS year,
    any_value(reg.issuer ORDER BY reg.issuer, reg.source) AS issuer,
    -- Where sources differ: repealed, then in force, then past, then unknown.
    CASE min(CASE reg.state WHEN 'dicabut' THEN 1 WHEN 'berlaku' THEN 2 WHEN 'lewat' THEN 3 ELSE 4 END)
        WHEN 1 THEN 'dicabut' WHEN 2 THEN 'berlaku' WHEN 3 THEN 'lewat' ELSE 'tidak_diketahui'
    END AS state,
    max(reg.period_end) AS period_end,
    max(reg.repealed_by) AS repealed_by,
    list_sort(list_distinct(list(reg.capture_id) || list(reg.repealed_by_capture_id))) AS capture_ids,
    max(reg.observed_at) AS observed_at
FROM candidate AS reg
JOIN topic_title AS told ON told.kind = 'regulation' AND told.text = reg.title_norm
GROUP BY told.topic, reg.institution, reg.regulation
