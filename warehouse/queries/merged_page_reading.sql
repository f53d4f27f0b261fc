-- The model page_reading with one row for all of a week that say the same, after readings were added day by day.
SELECT
    institution, service_id, source, title, language, linked, is_compromised, compromise_evidence, in_maintenance,
    week, spam_at, flatten(list(days)) AS days,
    sum(readings)::BIGINT AS readings, min(first_at) AS first_at, max(last_at) AS last_at,
    list_reverse_sort(flatten(list(last)))[1:3] AS last
FROM page_reading
GROUP BY ALL
