-- Days of months of which no check is left need no counts of their own: those of the month stand for good.
UPDATE core.uptime_day AS past
SET total_ms = NULL, first_byte_ms = NULL
FROM forgetting
WHERE forgetting.institution = past.institution AND forgetting.service_id = past.service_id
    AND past.total_ms IS NOT NULL
    AND date_trunc('month', past.day) + INTERVAL 1 MONTH <= forgetting.day_to
