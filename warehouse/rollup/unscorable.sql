-- Institutions that cannot be scored as of $as_of, as checks that the models look at one by one ($looked_back before the
-- service's latest check of then) are rolled up, each with the first moment from which on all of its services can.
WITH rolled AS (
    SELECT rolled.institution, rolled.service_id, rolled.raw_from
    FROM core.uptime_rolled AS rolled
    -- What is later than the roll-up has its checks: that is how far it goes.
    WHERE rolled.raw_from IS NOT NULL AND $as_of < rolled.rolled_at
        AND list_contains($institutions, rolled.institution)
),

latest AS (
    SELECT
        institution, service_id, raw_from,
        max(past.checked_at) FILTER (WHERE past.checked_at <= $as_of) AS latest_at,
        min(past.checked_at) FILTER (WHERE past.checked_at >= rolled.raw_from + $looked_back) AS first_at
    FROM rolled
    LEFT JOIN core.uptime_check AS past USING (institution, service_id)
    WHERE past.checked_at >= rolled.raw_from AND past.source = 'layanan'
    GROUP BY institution, service_id, raw_from
)

SELECT institution, max(coalesce(first_at, raw_from + $looked_back))
FROM rolled
LEFT JOIN latest USING (institution, service_id, raw_from)
GROUP BY institution
HAVING bool_or(coalesce(latest_at < raw_from + $looked_back, $as_of < raw_from + $looked_back))
