-- The last checks of each service, and whether it may be flapping: n failures make at most 2n + 1 changes.
CREATE OR REPLACE TEMP TABLE last_check AS
WITH known AS (
    SELECT
        institution, service_id, up.first_up_at, up.last_up_at, bad.last_not_up_at,
        greatest(up.last_up_at, bad.last_not_up_at) AS latest_at
    FROM (FROM service_seen WHERE first_up_at IS NOT NULL) AS up
    FULL JOIN (
        SELECT institution, service_id, max(checked_at) AS last_not_up_at FROM not_up GROUP BY institution, service_id
    ) AS bad USING (institution, service_id)
),

failed AS (
    SELECT institution, service_id, count(*) AS times
    FROM not_up
    JOIN known USING (institution, service_id)
    JOIN institution_current AS rule USING (institution)
    WHERE NOT not_up.is_up AND not_up.checked_at > known.latest_at - coalesce(rule.flapping_within, INTERVAL 6 HOUR)
    GROUP BY institution, service_id
)

SELECT known.*, coalesce(2 * failed.times + 1 > coalesce(rule.flapping_changes, 4), FALSE) AS may_flap
FROM known
LEFT JOIN failed USING (institution, service_id)
LEFT JOIN institution_current AS rule USING (institution)
