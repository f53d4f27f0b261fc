-- The checks by $as_of that were not up, without those in maintenance, which are none, as one in an outage of our own
-- (service_check). Of what is carried over, those that may still matter.
CREATE OR REPLACE TEMP TABLE not_up AS
FROM carried_fault
UNION ALL BY NAME
SELECT seen.*
FROM (
    SELECT institution, service_id, checked_at, capture_id, is_up, status, error_class, attempts, is_https, tls_ok,
        cert_expires_at
    FROM unseen_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND is_up IS NOT TRUE AND error_class IS DISTINCT FROM 'own_outage'
) AS seen
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = seen.institution AND gap.service_id = seen.service_id AND seen.checked_at >= gap.starts_at
WHERE gap.ends_at IS NULL OR seen.checked_at >= gap.ends_at
