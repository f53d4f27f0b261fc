-- When each service was first and last up by $as_of. An outage of our own is no check (service_check).
CREATE OR REPLACE TEMP TABLE last_up AS
SELECT institution, service_id, min(checked_at) AS first_up_at, max(checked_at) AS last_up_at
FROM core.uptime_check
WHERE source = 'layanan' AND checked_at <= $as_of AND is_up AND error_class IS DISTINCT FROM 'own_outage'
GROUP BY institution, service_id
