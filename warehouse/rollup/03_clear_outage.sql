-- What outages took of days that are made anew.
DELETE FROM core.uptime_outage AS past USING due
WHERE due.institution = past.institution AND due.service_id = past.service_id
    AND (due.day_from IS NULL OR past.day >= due.day_from)
