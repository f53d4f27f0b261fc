-- How many checks there were in the 30 days before each service's latest, outside maintenance, and how many were up: as
-- service_state counts them, which here does not see them all.
CREATE TABLE aside.core.recent_checks AS
WITH latest AS (
    SELECT past.institution, past.service_id, max(past.checked_at) AS latest_at
    FROM core.uptime_check AS past
    SEMI JOIN telling_check USING (institution, service_id, checked_at)
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = past.institution AND gap.service_id = past.service_id
        AND past.checked_at >= gap.starts_at
    WHERE past.source = 'layanan' AND past.error_class IS DISTINCT FROM 'own_outage'
        AND (past.is_up IS TRUE OR gap.ends_at IS NULL OR past.checked_at >= gap.ends_at)
    GROUP BY past.institution, past.service_id
),

recent AS (
    SELECT past.institution, past.service_id, past.checked_at, past.is_up
    FROM core.uptime_check AS past
    JOIN latest USING (institution, service_id)
    WHERE past.source = 'layanan' AND past.error_class IS DISTINCT FROM 'own_outage' AND past.is_up IS NOT NULL
        AND past.checked_at <= latest.latest_at AND past.checked_at > latest.latest_at - INTERVAL 30 DAY
),

paused AS (
    SELECT recent.institution, recent.service_id, count(*) AS checks, count(*) FILTER (WHERE recent.is_up) AS up
    FROM recent
    JOIN service_window AS gap
        ON gap.institution = recent.institution AND gap.service_id = recent.service_id
        AND recent.checked_at >= gap.starts_at AND recent.checked_at < gap.ends_at
    GROUP BY recent.institution, recent.service_id
)

SELECT
    institution, service_id,
    count(recent.checked_at) - coalesce(any_value(paused.checks), 0) AS checks_30d,
    count(*) FILTER (WHERE recent.is_up) - coalesce(any_value(paused.up), 0) AS up_30d
FROM latest
LEFT JOIN recent USING (institution, service_id)
LEFT JOIN paused USING (institution, service_id)
GROUP BY institution, service_id
