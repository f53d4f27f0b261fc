-- Months that are made anew.
DELETE FROM core.uptime_month AS past USING due
WHERE due.institution = past.institution AND due.service_id = past.service_id
    AND (due.month_from IS NULL OR past.month >= due.month_from)
