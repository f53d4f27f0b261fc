-- What the model page_reading as of $before lacks of what it says at $as_of, of institutions but those $moved: the
-- readings since. Reads the models institution_current and service_window as of $as_of.
SELECT
    past.institution, past.service_id, past.checked_at, past.source, coalesce(past.page_title, '') AS title,
    past.language, past.linked, past.is_compromised, past.compromise_evidence, past.capture_id,
    coalesce(past.checked_at < gap.ends_at, FALSE) AS in_maintenance
FROM core.uptime_check AS past
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = past.institution AND gap.service_id = past.service_id AND past.checked_at >= gap.starts_at
SEMI JOIN institution_current AS asked ON asked.institution = past.institution
WHERE past.checked_at > $before AND past.checked_at <= $as_of AND past.is_compromised IS NOT NULL
    AND NOT list_contains($moved::VARCHAR[], past.institution)
