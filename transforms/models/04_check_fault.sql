-- Checks of services by $as_of that are not up: failures, and those that could not tell. One of a run that was our own
-- outage is no check at all, nor is one in maintenance (service_window). Histories from other tools are not looked at.
SELECT
    past.institution, past.service_id, past.checked_at, past.is_up, past.status, past.error_class, past.capture_id,
    past.cert_expires_at, past.attempts, past.is_https, past.tls_ok
FROM core.uptime_check AS past
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = past.institution AND gap.service_id = past.service_id AND past.checked_at >= gap.starts_at
SEMI JOIN institution_current AS asked ON asked.institution = past.institution
WHERE past.checked_at <= $as_of AND past.is_up IS NOT TRUE AND past.source = 'layanan'
    AND past.error_class IS DISTINCT FROM 'own_outage'
    AND (gap.ends_at IS NULL OR past.checked_at >= gap.ends_at)
