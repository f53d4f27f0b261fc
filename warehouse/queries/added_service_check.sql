-- What the model service_check as of $before lacks of what it says at $as_of, of institutions but those $moved: the checks
-- since. Reads the models institution_current and service_window as of $as_of.
SELECT
    past.institution, past.service_id, past.checked_at, past.is_up, past.status, past.error_class, past.capture_id,
    past.cert_expires_at, past.attempts, past.is_https, past.tls_ok,
    gap.ends_at IS NOT NULL AS in_maintenance
FROM core.uptime_check AS past
-- Spells of maintenance are disjoint; an ASOF join would sort the checks.
LEFT JOIN service_window AS gap
    ON gap.institution = past.institution AND gap.service_id = past.service_id
    AND gap.starts_at <= past.checked_at AND gap.ends_at > past.checked_at
SEMI JOIN institution_current AS asked ON asked.institution = past.institution
WHERE past.checked_at > $before AND past.checked_at <= $as_of
    AND past.source = 'layanan' AND past.error_class IS DISTINCT FROM 'own_outage'
    AND (past.is_up IS TRUE OR gap.ends_at IS NULL)
    AND NOT list_contains($moved::VARCHAR[], past.institution)
