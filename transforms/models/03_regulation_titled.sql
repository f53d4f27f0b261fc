-- Legal products as sources list them by topic: one row per topic, institution, source and listed product. Which topics a title
-- has is in the temporary table topic_title (warehouse/topic_titles.py). Drafts are no products, and one that only
-- repeals another governs nothing.
SELECT
    told.topic, reg.institution, reg.source, reg.regulation, reg.label, reg.number IS NOT NULL AS is_numbered, reg.year,
    reg.issuer, reg.state, reg.period_end, reg.repealed_by, reg.capture_id, reg.repealed_by_capture_id, reg.listed_from
FROM regulation_current AS reg
JOIN topic_title AS told ON told.kind = 'regulation' AND told.text = reg.title_norm
WHERE reg.state != 'rancangan'
  AND NOT (contains(reg.title_norm, 'pencabutan') AND regexp_matches(reg.title_norm, '\bpencabutan\b'))
