-- Checks that the state of each service at $as_of follows from, or at any later moment with what is checked until then:
-- every one that is not up (check_fault), the first up since, and those that were up since up_from (check_up).
WITH up AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.is_up, past.status, past.error_class, past.capture_id,
        past.cert_expires_at, past.attempts, past.is_https, past.tls_ok
    FROM core.uptime_check AS past
    JOIN check_up AS known ON known.institution = past.institution AND known.service_id = past.service_id
    WHERE past.checked_at <= $as_of AND past.is_up AND past.source = 'layanan'
        AND past.error_class IS DISTINCT FROM 'own_outage'
        AND past.checked_at > known.up_from
    UNION ALL BY NAME
    -- Of one that is older nothing is asked but when it was.
    SELECT institution, service_id, up_since AS checked_at, TRUE AS is_up
    FROM check_up
    WHERE up_since <= up_from
)

-- Spells of maintenance are disjoint and few; an ASOF join would sort all checks.
SELECT up.*, gap.ends_at IS NOT NULL AS in_maintenance
FROM up
LEFT JOIN (FROM service_window WHERE ends_at > (SELECT min(up_from) FROM check_up)) AS gap
    ON gap.institution = up.institution AND gap.service_id = up.service_id
    AND gap.starts_at <= up.checked_at AND gap.ends_at > up.checked_at
UNION ALL
SELECT *, FALSE FROM check_fault
