-- Hours of days that are over, as far back as hours are kept ($hours_from).
INSERT INTO core.uptime_hour BY NAME
WITH spell AS (
    SELECT
        institution, service_id, due.rolled_until,
        greatest(told.checked_at, due.counted_from, $hours_from) AS starts_at,
        least(told.ends_at, due.rolled_until) AS ends_at,
        CASE WHEN told.is_up THEN 'up' ELSE 'down' END AS kind
    FROM counted_told AS told
    JOIN (SELECT service_no, institution, service_id FROM counted_service) AS service USING (service_no)
    JOIN due USING (institution, service_id)
    WHERE told.is_up IS NOT NULL
    UNION ALL
    SELECT
        institution, service_id, due.rolled_until,
        greatest(min(told.checked_at), any_value(due.counted_from), $hours_from), due.rolled_until, 'watched'
    FROM counted_told AS told
    JOIN (SELECT service_no, institution, service_id FROM counted_service) AS service USING (service_no)
    JOIN due USING (institution, service_id)
    GROUP BY ALL
),

piece AS (
    SELECT
        institution, service_id, kind, cut.hour_at,
        greatest(starts_at, cut.hour_at) AS starts_at, least(ends_at, cut.hour_at + INTERVAL 1 HOUR) AS ends_at
    FROM spell,
    unnest(generate_series(date_trunc('hour', starts_at), ends_at, INTERVAL 1 HOUR)) AS cut (hour_at)
    WHERE starts_at < ends_at AND cut.hour_at < ends_at
),

excluded AS (
    SELECT
        piece.institution, piece.service_id, piece.kind, piece.starts_at,
        sum(epoch_us(least(piece.ends_at, gap.ends_at)) - epoch_us(greatest(piece.starts_at, gap.starts_at))) AS us
    FROM piece
    JOIN service_window AS gap
        ON gap.institution = piece.institution AND gap.service_id = piece.service_id
        AND gap.starts_at < piece.ends_at AND gap.ends_at > piece.starts_at
    GROUP BY piece.institution, piece.service_id, piece.kind, piece.starts_at
),

spent AS (
    SELECT
        institution, service_id, hour_at,
        coalesce(sum(us) FILTER (WHERE kind = 'up'), 0)::BIGINT AS up_us,
        coalesce(sum(us) FILTER (WHERE kind = 'down'), 0)::BIGINT AS down_us,
        (sum(us) FILTER (WHERE kind = 'watched'))::BIGINT AS watched_us,
        coalesce(sum(excluded_us) FILTER (WHERE kind = 'watched'), 0)::BIGINT AS excluded_us
    FROM (
        SELECT
            piece.*, coalesce(excluded.us, 0) AS excluded_us,
            epoch_us(piece.ends_at) - epoch_us(piece.starts_at) - coalesce(excluded.us, 0) AS us
        FROM piece
        LEFT JOIN excluded USING (institution, service_id, kind, starts_at)
    )
    GROUP BY institution, service_id, hour_at
),

seen AS (
    SELECT
        institution, service_id, date_trunc('hour', checked_at) AS hour_at,
        count(is_up) AS checks, count(*) FILTER (WHERE is_up) AS checks_up,
        count(*) FILTER (WHERE is_up IS NULL) AS checks_unknown,
        count(*) FILTER (WHERE is_imported) AS checks_imported,
        quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS total,
        quantile_disc(first_byte_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS first_byte
    FROM counted_check
    JOIN (SELECT service_no, institution, service_id FROM counted_service) AS service USING (service_no)
    JOIN due USING (institution, service_id)
    WHERE checked_at < due.rolled_until
    GROUP BY institution, service_id, date_trunc('hour', checked_at)
)

SELECT
    institution, service_id, hour_at,
    spent.up_us, spent.down_us, spent.watched_us - spent.up_us - spent.down_us AS unknown_us, spent.excluded_us,
    coalesce(seen.checks, 0) AS checks, coalesce(seen.checks_up, 0) AS checks_up,
    coalesce(seen.checks_unknown, 0) AS checks_unknown, coalesce(seen.checks_imported, 0) AS checks_imported,
    seen.total[1] AS total_ms_p50, seen.total[2] AS total_ms_p95, seen.total[3] AS total_ms_p99,
    seen.first_byte[1] AS first_byte_ms_p50, seen.first_byte[2] AS first_byte_ms_p95,
    seen.first_byte[3] AS first_byte_ms_p99
FROM spent
LEFT JOIN seen USING (institution, service_id, hour_at)
ORDER BY hour_at, service_id
