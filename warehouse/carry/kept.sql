-- The institutions whose count can be carried over, and until which local midnight: the last that is over for $settled, as
-- most checks have come by then. Not those that have checks of after $as_of, nor those that are rolled up further, nor
-- those with services rolled up of which nothing more is known.
CREATE OR REPLACE TEMP TABLE kept AS
SELECT
    institution, day_until, timezone(time_zone, day_until::TIMESTAMP) AS rolled_until,
    date_trunc('month', day_until)::DATE AS month_from
FROM (
    SELECT institution, time_zone, timezone(time_zone, $as_of::TIMESTAMPTZ - $settled)::DATE AS day_until
    FROM counted_rule
) AS rule
WHERE NOT list_contains((SELECT ahead FROM warehouse_now), institution)
    AND NOT EXISTS (
        FROM counted_from AS part
        WHERE part.institution = rule.institution
            AND part.counted_from > timezone(rule.time_zone, rule.day_until::TIMESTAMP)
    )
    AND NOT EXISTS (
        FROM counted_from AS part
        ANTI JOIN (FROM counted_service SEMI JOIN counted_told USING (service_no)) AS told USING (institution, service_id)
        WHERE part.institution = rule.institution
    )
