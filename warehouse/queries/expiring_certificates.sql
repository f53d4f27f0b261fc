-- Certificates that verify at $as_of and end within the longest threshold of the institution's file (tls_days), by service.
-- Services that show one certificate show its end, to the second.
SELECT
    state.institution, state.cert_expires_at AS expires_at, inst.tls_days AS thresholds,
    state.name, coalesce(agency.name, state.agency) AS agency
FROM service_state AS state
JOIN core.institution AS inst
    ON inst.institution = state.institution
    AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.tls = 'sah' AND state.cert_expires_at > $as_of
    AND state.cert_expires_at <= $as_of + to_days(list_max(inst.tls_days))
ORDER BY state.institution, state.cert_expires_at, state.service_id
