-- Since when checks that are up are looked at one by one, by service, at $as_of or at any later moment (service_check): the 31
-- days before the last one. up_since is the first one since a check was last not up (check_fault).
SELECT
    past.institution, past.service_id, max(past.checked_at) - INTERVAL 31 DAY AS up_from,
    min(past.checked_at) FILTER (WHERE fault.fault_at IS NULL OR past.checked_at > fault.fault_at) AS up_since
FROM core.uptime_check AS past
LEFT JOIN (
    SELECT institution, service_id, max(checked_at) AS fault_at FROM check_fault GROUP BY institution, service_id
) AS fault ON fault.institution = past.institution AND fault.service_id = past.service_id
SEMI JOIN institution_current AS asked ON asked.institution = past.institution
WHERE past.checked_at <= $as_of AND past.is_up AND past.source = 'layanan'
    AND past.error_class IS DISTINCT FROM 'own_outage'
GROUP BY past.institution, past.service_id
