-- Time and checks of each service and local day, from what is counted one by one.
WITH spent AS (
    SELECT
        service_no, day,
        coalesce(sum(us) FILTER (WHERE kind = 'up'), 0)::BIGINT AS up_us,
        coalesce(sum(us) FILTER (WHERE kind = 'down'), 0)::BIGINT AS down_us,
        coalesce(sum(us) FILTER (WHERE kind = 'watched'), 0)::BIGINT AS watched_us,
        coalesce(sum(excluded_us) FILTER (WHERE kind = 'watched'), 0)::BIGINT AS excluded_us
    FROM counted_piece
    GROUP BY service_no, day
),

seen AS (
    SELECT
        service_no, day,
        count(is_up)::INTEGER AS checks,
        (count(*) FILTER (WHERE is_up))::INTEGER AS checks_up,
        (count(*) FILTER (WHERE is_up IS NULL))::INTEGER AS checks_unknown,
        (count(*) FILTER (WHERE is_imported))::INTEGER AS checks_imported,
        quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS total,
        quantile_disc(first_byte_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS first_byte
    FROM counted_check
    GROUP BY service_no, day
)

SELECT
    service.institution, service.service_id, spent.* EXCLUDE (service_no),
    coalesce(seen.checks, 0) AS checks,
    coalesce(seen.checks_up, 0) AS checks_up,
    coalesce(seen.checks_unknown, 0) AS checks_unknown,
    coalesce(seen.checks_imported, 0) AS checks_imported,
    seen.total[1] AS total_ms_p50, seen.total[2] AS total_ms_p95, seen.total[3] AS total_ms_p99,
    seen.first_byte[1] AS first_byte_ms_p50, seen.first_byte[2] AS first_byte_ms_p95,
    seen.first_byte[3] AS first_byte_ms_p99
FROM spent
JOIN counted_service AS service USING (service_no)
LEFT JOIN seen USING (service_no, day)
