-- Checks by day, of the days that may still be among the last 30.
SELECT past.*
FROM day_checks AS past
JOIN last_check AS last USING (institution, service_id)
WHERE past.day_no >= epoch_us(last.latest_at - INTERVAL 30 DAY) // 86400000000
