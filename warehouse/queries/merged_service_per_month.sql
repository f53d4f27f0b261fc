-- The model service_per_month at a later date: what stood, and what the days added say (added_day).
SELECT
    number, sum(checks)::BIGINT AS checks, sum(up)::BIGINT AS up, sum(days)::BIGINT AS days, max(last_day) AS last_day
FROM (
    FROM service_per_month
    UNION ALL BY NAME
    SELECT number, checks, up, days, day AS last_day FROM added_day
)
GROUP BY number
