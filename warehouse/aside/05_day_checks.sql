-- How many checks of each service and day (of UTC) there were, and how many were up, of the days that may be among the
-- last 30.
CREATE OR REPLACE TEMP TABLE day_checks AS
SELECT institution, service_id, day_no, sum(checks)::BIGINT AS checks, sum(up)::BIGINT AS up
FROM (
    FROM carried_day_checks
    UNION ALL
    SELECT
        institution, service_id, epoch_us(checked_at) // 86400000000 AS day_no,
        count(*) AS checks, count(*) FILTER (WHERE is_up) AS up
    FROM unseen_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND error_class IS DISTINCT FROM 'own_outage' AND is_up IS NOT NULL
        AND checked_at > $recent_from::TIMESTAMPTZ - INTERVAL 1 DAY
    GROUP BY institution, service_id, day_no
)
GROUP BY institution, service_id, day_no
