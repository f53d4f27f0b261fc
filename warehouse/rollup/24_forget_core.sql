-- The checks that go.
DELETE FROM core.uptime_check AS past USING forgetting
WHERE forgetting.institution = past.institution AND forgetting.service_id = past.service_id
    AND past.checked_at < forgetting.raw_to
    AND NOT EXISTS (
        FROM kept
        WHERE kept.institution = past.institution AND kept.service_id = past.service_id
            AND kept.checked_at = past.checked_at
    )
