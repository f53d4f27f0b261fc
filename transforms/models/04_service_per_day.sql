-- Checks of each service (by its number in service_ever) that could tell, on each day (UTC), without those in maintenance, on
-- the days of which the last check is of the 30 days before the latest of the service. days is 1, as there is one row of
-- each; where a later date adds one to a day that has one, it is 0 there.
SELECT
    ever.number, epoch_us(past.checked_at) // 86400000000 AS day,
    count(*) AS checks, count(*) FILTER (WHERE past.is_up) AS up, 1 AS days,
    min(past.checked_at) AS first_at, max(past.checked_at) AS last_at
FROM service_check AS past
JOIN (SELECT institution, service_id, number, latest_at - INTERVAL 744 HOUR AS from_at FROM service_ever) AS ever
    USING (institution, service_id)
WHERE past.is_up IS NOT NULL AND NOT past.in_maintenance AND past.checked_at > ever.from_at
GROUP BY ALL
