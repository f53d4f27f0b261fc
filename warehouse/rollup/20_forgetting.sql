-- The services of $institution of which checks are old enough to go: those of before raw_to, a local midnight at least
-- $raw_days before the service's latest check (what is no longer watched keeps its last days), all of them rolled up.
CREATE OR REPLACE TEMP TABLE forgetting AS
WITH seen AS (
    SELECT
        rolled.institution, rolled.service_id,
        coalesce(max(past.checked_at) FILTER (WHERE past.source = 'layanan'), max(past.checked_at)) AS latest_at,
        min(past.checked_at) FILTER (WHERE rolled.raw_from IS NULL OR past.checked_at >= rolled.raw_from) AS first_at
    FROM core.uptime_rolled AS rolled
    JOIN core.uptime_check AS past USING (institution, service_id)
    WHERE rolled.institution = $institution AND past.checked_at <= $now
    GROUP BY rolled.institution, rolled.service_id
),

old AS (
    SELECT
        *, timezone(time_zone, least(rolled_until, latest_at - to_days($raw_days)))::DATE AS day_to
    FROM core.uptime_rolled
    JOIN seen USING (institution, service_id)
)

SELECT
    institution, service_id, raw_from, first_own_at, raw_last_at, raw_last_up, raw_outage_at, day_to,
    timezone(time_zone, day_to::TIMESTAMP) AS raw_to
FROM old
WHERE first_at < timezone(time_zone, day_to::TIMESTAMP)
