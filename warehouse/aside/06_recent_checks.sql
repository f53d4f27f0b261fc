-- How many checks there were in the 30 days before each service's latest, outside maintenance, and how many were up: as
-- service_state counts them, which here does not see them all. What comes after the latest is in maintenance. The 30 days
-- begin between $recent_from and a day before $recent_to: as moments that are known, they spare looking at most checks.
CREATE TABLE aside.core.recent_checks AS
WITH seen AS NOT MATERIALIZED (
    SELECT institution, service_id, checked_at, is_up, epoch_us(checked_at) // 86400000000 AS day_no
    FROM core.uptime_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND error_class IS DISTINCT FROM 'own_outage' AND is_up IS NOT NULL
),

bound AS (
    SELECT institution, service_id, recent_from, epoch_us(recent_from) // 86400000000 AS day_no
    FROM (SELECT institution, service_id, latest_at - INTERVAL 30 DAY AS recent_from FROM last_check)
),

-- Whole days, and what is of the day in which the 30 begin.
counted AS (
    SELECT institution, service_id, whole.checks, whole.up
    FROM day_checks AS whole
    JOIN bound USING (institution, service_id)
    WHERE whole.day_no > bound.day_no
    UNION ALL
    SELECT
        institution, service_id,
        count(*) FILTER (WHERE seen.checked_at > bound.recent_from),
        count(*) FILTER (WHERE is_up AND seen.checked_at > bound.recent_from)
    FROM seen
    JOIN bound USING (institution, service_id, day_no)
    WHERE seen.checked_at > $recent_from AND seen.checked_at < $recent_to
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
    WHERE seen.checked_at > $recent_from
        AND (seen.checked_at > gap.starts_at OR gap.is_inside AND seen.checked_at = gap.starts_at)
        AND seen.checked_at < gap.ends_at
    GROUP BY institution, service_id
)

SELECT institution, service_id, coalesce(sum(checks), 0)::BIGINT AS checks_30d, coalesce(sum(up), 0)::BIGINT AS up_30d
FROM last_check
LEFT JOIN counted USING (institution, service_id)
GROUP BY institution, service_id
