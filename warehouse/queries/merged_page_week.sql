-- The model page_week without what can no longer count, and with one row for all of a week that show the same, after
-- readings were added day by day since the week $since_week.
WITH needed AS (
    SELECT past.*
    FROM page_week AS past
    JOIN page_ever AS ever USING (number)
    WHERE past.last_at >= ever.latest_at - INTERVAL 61 DAY
)

FROM needed
WHERE week < $since_week
UNION ALL BY NAME
SELECT
    number, title, language, linked, week, flatten(list(days)) AS days, sum(readings)::BIGINT AS readings,
    min(first_at) AS first_at, max(last_at) AS last_at, list_reverse_sort(flatten(list(last)))[1:3] AS last
FROM needed
WHERE week >= $since_week
GROUP BY ALL
