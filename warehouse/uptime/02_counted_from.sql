-- From which moment on the checks of each service are counted one by one; what was before is rolled up
-- (core.uptime_day). That is where the roll-up ends, unless checks of before came late or the rules changed since: then
-- everything whose checks are still there is counted anew. NULL: from the first check on. What was before still
-- means something after: the last check, and since when the outage lasts in which the service then was.
-- Where an earlier count is carried over (carry/), what is rolled up goes as far as that does.
WITH late AS (
    SELECT DISTINCT past.institution, past.service_id
    FROM core.uptime_check AS past
    JOIN core.uptime_rolled AS rolled USING (institution, service_id)
    WHERE past.loaded_at > (SELECT min(rolled_at) FROM core.uptime_rolled)
        AND past.loaded_at > rolled.rolled_at
        AND past.checked_at < rolled.rolled_until
        AND (rolled.raw_from IS NULL OR past.checked_at >= rolled.raw_from)
),

stood AS (
    SELECT
        rolled.*,
        late.service_id IS NULL AND rule.time_zone = rolled.time_zone AND rule.check_holds = rolled.check_holds
            AS stands
    FROM core.uptime_rolled AS rolled
    JOIN counted_rule AS rule USING (institution)
    SEMI JOIN anew ON anew.institution = rolled.institution
    LEFT JOIN late USING (institution, service_id)
)

SELECT
    institution, service_id, stands, first_own_at, raw_from,
    CASE WHEN stands THEN rolled_until ELSE raw_from END AS counted_from,
    timezone(time_zone, CASE WHEN stands THEN rolled_until ELSE raw_from END)::DATE AS day_from,
    CASE WHEN stands THEN until_last_at ELSE raw_last_at END AS last_at,
    CASE WHEN stands THEN until_last_up ELSE raw_last_up END AS last_up,
    CASE WHEN stands THEN until_outage_at ELSE raw_outage_at END AS outage_at
FROM stood
UNION ALL BY NAME
SELECT institution, service_id, TRUE AS stands, first_own_at, rolled_until AS counted_from, day_from, last_at, last_up,
    outage_at
FROM carried_rolled
