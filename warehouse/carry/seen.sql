-- Of each service when it was first and last up by $as_of, when it was last looked at, and when its page was last read. An
-- outage of our own is no check.
CREATE OR REPLACE TEMP TABLE service_seen AS
SELECT
    institution, service_id, min(first_up_at) AS first_up_at, max(last_up_at) AS last_up_at,
    max(last_own_at) AS last_own_at, max(last_read_at) AS last_read_at
FROM (
    SELECT
        institution, service_id,
        min(checked_at) FILTER (WHERE is_counted) AS first_up_at,
        max(checked_at) FILTER (WHERE is_counted) AS last_up_at,
        max(checked_at) FILTER (WHERE is_own) AS last_own_at,
        max(checked_at) FILTER (WHERE is_read) AS last_read_at
    FROM (
        SELECT
            institution, service_id, checked_at, source = 'layanan' AS is_own, is_compromised IS NOT NULL AS is_read,
            source = 'layanan' AND is_up AND checked_at <= $as_of AND error_class IS DISTINCT FROM 'own_outage'
                AS is_counted
        FROM unseen_check
    )
    GROUP BY institution, service_id
    UNION ALL
    FROM carried_seen
)
GROUP BY institution, service_id
