-- Checks that the state of each service at $as_of follows from, or at any later moment with what is checked until then:
-- every one that is not up; the first up since; and those that were up in the 31 days before the last of these.
-- A check of a run that was our own outage is no check at all, nor is in maintenance (service_window) one that is not
-- up. Histories from other tools are not looked at.
WITH seen AS NOT MATERIALIZED (
    SELECT
        institution, service_id, checked_at, is_up, status, error_class, capture_id, cert_expires_at, attempts,
        is_https, tls_ok
    FROM core.uptime_check
    SEMI JOIN institution_current USING (institution)
    WHERE checked_at <= $as_of AND source = 'layanan' AND error_class IS DISTINCT FROM 'own_outage'
),

fault AS (
    SELECT seen.*
    FROM (FROM seen WHERE is_up IS NOT TRUE) AS seen
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = seen.institution AND gap.service_id = seen.service_id
        AND seen.checked_at >= gap.starts_at
    WHERE gap.ends_at IS NULL OR seen.checked_at >= gap.ends_at
),

last_up AS (
    SELECT
        seen.institution, seen.service_id, max(seen.checked_at) AS last_up_at,
        min(seen.checked_at) FILTER (WHERE fault.fault_at IS NULL OR seen.checked_at > fault.fault_at) AS up_since
    FROM seen
    LEFT JOIN (
        SELECT institution, service_id, max(checked_at) AS fault_at FROM fault GROUP BY institution, service_id
    ) AS fault USING (institution, service_id)
    WHERE seen.is_up
    GROUP BY seen.institution, seen.service_id
),

up AS (
    SELECT seen.*
    FROM (FROM seen WHERE is_up AND checked_at > (SELECT min(last_up_at) FROM last_up) - INTERVAL 31 DAY) AS seen
    JOIN last_up USING (institution, service_id)
    WHERE seen.checked_at > last_up.last_up_at - INTERVAL 31 DAY
    UNION ALL BY NAME
    -- Of one that is older nothing is asked but when it was.
    SELECT institution, service_id, up_since AS checked_at, TRUE AS is_up
    FROM last_up
    WHERE up_since <= last_up_at - INTERVAL 31 DAY
)

SELECT up.*, coalesce(up.checked_at < gap.ends_at, FALSE) AS in_maintenance
FROM up
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = up.institution AND gap.service_id = up.service_id AND up.checked_at >= gap.starts_at
UNION ALL
SELECT *, FALSE FROM fault
