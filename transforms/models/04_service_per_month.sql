-- What service_per_day holds of each service: its checks, those that were up, and its days, of which the last is last_day.
SELECT
    number, sum(checks)::BIGINT AS checks, sum(up)::BIGINT AS up, sum(days)::BIGINT AS days, max(day) AS last_day
FROM service_per_day
GROUP BY number
