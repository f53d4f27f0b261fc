-- Checks of each service (by its number in service_ever) that could tell, on each day (UTC), without those in maintenance.
SELECT
    ever.number, epoch_us(past.checked_at) // 86400000000 AS day,
    count(*) AS checks, count(*) FILTER (WHERE past.is_up) AS up,
    min(past.checked_at) AS first_at, max(past.checked_at) AS last_at
FROM service_check AS past
JOIN service_ever AS ever USING (institution, service_id)
WHERE past.is_up IS NOT NULL AND NOT past.in_maintenance
GROUP BY ALL
