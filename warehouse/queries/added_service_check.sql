-- What the model service_check as of $before lacks of what it says at $as_of, of institutions but those $moved: the checks
-- since. Reads the models institution_current and service_window as of $as_of.
SELECT
    past.institution, past.service_id, past.checked_at, past.is_up, past.status, past.error_class, past.capture_id,
    past.cert_expires_at, past.attempts, past.is_https, past.tls_ok,
    coalesce(past.checked_at < gap.ends_at, FALSE) AS in_maintenance
FROM core.uptime_check AS past
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = past.institution AND gap.service_id = past.service_id AND past.checked_at >= gap.starts_at
SEMI JOIN institution_current AS asked ON asked.institution = past.institution
WHERE past.checked_at > $before AND past.checked_at <= $as_of
    AND past.source = 'layanan' AND past.error_class IS DISTINCT FROM 'own_outage'
    AND (past.is_up IS TRUE OR gap.ends_at IS NULL OR past.checked_at >= gap.ends_at)
    AND NOT list_contains($moved::VARCHAR[], past.institution)
