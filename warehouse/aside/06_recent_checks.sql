-- How many checks there were in the 30 days before each service's latest, outside maintenance, and how many were up: as
-- service_state counts them, which here does not see them all. What comes after the latest is in maintenance.
CREATE TABLE aside.core.recent_checks AS
WITH seen AS NOT MATERIALIZED (
    SELECT institution, service_id, checked_at, is_up
    FROM core.uptime_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND error_class IS DISTINCT FROM 'own_outage' AND is_up IS NOT NULL
),

bound AS (
    SELECT min(latest_at) - INTERVAL 30 DAY AS first_from, max(latest_at) - INTERVAL 30 DAY AS last_from FROM last_check
),

-- Those that are within the days of every service need not be joined with it, and are nearly all.
counted AS (
    SELECT institution, service_id, count(*) AS checks, count(*) FILTER (WHERE is_up) AS up
    FROM seen
    WHERE checked_at > (SELECT last_from FROM bound)
    GROUP BY institution, service_id
    UNION ALL
    SELECT
        institution, service_id,
        count(*) FILTER (WHERE seen.checked_at > last.latest_at - INTERVAL 30 DAY),
        count(*) FILTER (WHERE is_up AND seen.checked_at > last.latest_at - INTERVAL 30 DAY)
    FROM seen
    JOIN last_check AS last USING (institution, service_id)
    WHERE seen.checked_at > (SELECT first_from FROM bound) AND seen.checked_at <= (SELECT last_from FROM bound)
    GROUP BY institution, service_id
    UNION ALL
    SELECT institution, service_id, -count(*), -count(*) FILTER (WHERE seen.is_up)
    FROM seen
    JOIN (
        SELECT institution, service_id, greatest(gap.starts_at, last.latest_at - INTERVAL 30 DAY) AS starts_at,
            gap.starts_at > last.latest_at - INTERVAL 30 DAY AS is_inside, gap.ends_at
        FROM service_window AS gap
        JOIN last_check AS last USING (institution, service_id)
        WHERE gap.ends_at > last.latest_at - INTERVAL 30 DAY
    ) AS gap USING (institution, service_id)
    WHERE (seen.checked_at > gap.starts_at OR gap.is_inside AND seen.checked_at = gap.starts_at)
        AND seen.checked_at < gap.ends_at
    GROUP BY institution, service_id
)

SELECT institution, service_id, coalesce(sum(checks), 0)::BIGINT AS checks_30d, coalesce(sum(up), 0)::BIGINT AS up_30d
FROM last_check
LEFT JOIN counted USING (institution, service_id)
GROUP BY institution, service_id
