-- The checks that are counted one by one, each with the time that it speaks for: from it to the next one, at most as
-- long as the institution's file says. `ups_before` numbers the outages there may be, `outage_at` is the first failed
-- check of each. Who they are of stands in counted_service: names of millions take long to write.
WITH local_day AS (
    -- Of each quarter of an hour in which there was a check: time zones take long to ask, and none is finer.
    SELECT time_zone, quarter, day, timezone(time_zone, day + INTERVAL 1 DAY) AS day_ends_at
    FROM (
        SELECT time_zone, quarter, timezone(time_zone, make_timestamptz(quarter * 900000000))::DATE AS day
        FROM (SELECT DISTINCT quarter FROM counted_timed), (SELECT DISTINCT time_zone FROM counted_service)
    )
),

outage AS (
    SELECT
        service_no, ups_before, min(least(outage_before, CASE WHEN NOT is_up THEN checked_at END)) AS outage_at
    FROM counted_timed
    WHERE NOT is_up OR outage_before IS NOT NULL
    GROUP BY service_no, ups_before
)

SELECT
    timed.service_no, timed.checked_at, timed.total_ms, timed.first_byte_ms, timed.is_imported, timed.is_up, timed.is_before,
    least(timed.next_at, timed.checked_at + service.check_holds) AS ends_at,
    timed.ups_before, local_day.day, local_day.day_ends_at, outage.outage_at
FROM counted_timed AS timed
JOIN counted_service AS service USING (service_no)
JOIN local_day USING (time_zone, quarter)
LEFT JOIN outage USING (service_no, ups_before)
