-- What each outage took of each local day, and on which day the next check was up.
WITH part AS (
    SELECT institution, service_id, outage_at, day, sum(us)::BIGINT AS down_us
    FROM counted_piece
    WHERE kind = 'down' AND us > 0
    GROUP BY institution, service_id, outage_at, day
),

-- An outage ends where the next one may begin.
ended AS (
    SELECT institution, service_id, outage_at, timezone(time_zone, lead(up_at) OVER of_service)::DATE AS day
    FROM (
        SELECT
            institution, service_id, ups_before, any_value(time_zone) AS time_zone, any_value(outage_at) AS outage_at,
            min(checked_at) FILTER (WHERE is_up) AS up_at
        FROM counted_told
        GROUP BY institution, service_id, ups_before
    )
    WINDOW of_service AS (PARTITION BY institution, service_id ORDER BY ups_before)
)

SELECT
    institution, service_id, outage_at, day, coalesce(part.down_us, 0) AS down_us,
    ended.outage_at IS NOT NULL AS is_end
FROM part
FULL JOIN (FROM ended WHERE outage_at IS NOT NULL AND day IS NOT NULL) AS ended
    USING (institution, service_id, outage_at, day)
