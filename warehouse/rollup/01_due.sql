-- The services that have something to roll up at $now: until which local midnight, and from when on their days are made
-- (anew). A day is rolled up once it is over for $settled: most of what comes late has come by then.
CREATE OR REPLACE TEMP TABLE due AS
WITH told AS (
    SELECT service.institution, service.service_id, min(told.checked_at) AS first_at
    FROM counted_told AS told
    JOIN counted_service AS service USING (service_no)
    GROUP BY service.institution, service.service_id
),

known AS (
    SELECT
        told.institution, told.service_id, told.first_at, rule.time_zone, rule.check_holds,
        timezone(rule.time_zone, $now::TIMESTAMPTZ - $settled)::DATE AS day_until,
        part.counted_from, part.day_from, part.raw_from, part.first_own_at, coalesce(part.stands, FALSE) AS stands
    FROM told
    JOIN counted_rule AS rule USING (institution)
    LEFT JOIN counted_from AS part USING (institution, service_id)
)

SELECT
    *, timezone(time_zone, day_until::TIMESTAMP) AS rolled_until, date_trunc('month', day_from)::DATE AS month_from
FROM known
WHERE first_at < timezone(time_zone, day_until::TIMESTAMP) AND (NOT stands OR day_from < day_until)
