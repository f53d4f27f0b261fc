-- What each outage took of each local day, and on which day the next check was up.
WITH part AS (
    SELECT service_no, outage_at, day, sum(us)::BIGINT AS down_us
    FROM counted_piece
    WHERE kind = 'down' AND us > 0
    GROUP BY service_no, outage_at, day
),

-- An outage ends where the next one may begin: with the next check that is up.
ended AS (
    SELECT
        part.service_no, part.outage_at, timezone(service.time_zone, next.checked_at)::DATE AS day
    FROM (
        SELECT DISTINCT service_no, ups_before, outage_at FROM counted_told WHERE outage_at IS NOT NULL
    ) AS part
    JOIN counted_service AS service USING (service_no)
    JOIN (FROM counted_told WHERE is_up) AS next
        ON next.service_no = part.service_no AND next.ups_before = part.ups_before + 1
)

SELECT
    service.institution, service.service_id, outage_at, day, coalesce(part.down_us, 0) AS down_us,
    ended.outage_at IS NOT NULL AS is_end
FROM part
FULL JOIN ended USING (service_no, outage_at, day)
JOIN counted_service AS service USING (service_no)
