-- The checks that go, as they were parsed: nothing reads them, and the archive has them.
DELETE FROM raw.uptime_check AS past USING forgetting
WHERE forgetting.institution = past.institution AND forgetting.service_id = past.service_id
    AND past.checked_at < forgetting.raw_to
