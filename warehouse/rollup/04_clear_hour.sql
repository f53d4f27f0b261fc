-- Hours that are made anew.
DELETE FROM core.uptime_hour AS past USING due
WHERE due.institution = past.institution AND due.service_id = past.service_id
    AND (due.counted_from IS NULL OR past.hour_at >= due.counted_from)
