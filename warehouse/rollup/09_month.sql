-- Months, from the counts of their days.
INSERT INTO core.uptime_month BY NAME
WITH part AS (
    SELECT past.institution, past.service_id, date_trunc('month', past.day)::DATE AS month,
        past.total_ms, past.first_byte_ms
    FROM core.uptime_day AS past
    JOIN due USING (institution, service_id)
    WHERE due.month_from IS NULL OR past.day >= due.month_from
),

took AS (
    SELECT
        *,
        sum(n) OVER (PARTITION BY institution, service_id, month, kind ORDER BY ms) AS so_far,
        sum(n) OVER (PARTITION BY institution, service_id, month, kind) AS n_all
    FROM (
        SELECT institution, service_id, month, kind, ms, sum(n) AS n
        FROM (
            SELECT institution, service_id, month, 'total_ms' AS kind, unnest(total_ms, recursive := TRUE) FROM part
            UNION ALL
            SELECT institution, service_id, month, 'first_byte_ms', unnest(first_byte_ms, recursive := TRUE) FROM part
        )
        GROUP BY institution, service_id, month, kind, ms
    )
)

SELECT
    institution, service_id, month,
    min(ms) FILTER (WHERE kind = 'total_ms' AND so_far >= (n_all * 50 + 99) // 100) AS total_ms_p50,
    min(ms) FILTER (WHERE kind = 'total_ms' AND so_far >= (n_all * 95 + 99) // 100) AS total_ms_p95,
    min(ms) FILTER (WHERE kind = 'total_ms' AND so_far >= (n_all * 99 + 99) // 100) AS total_ms_p99,
    min(ms) FILTER (WHERE kind = 'first_byte_ms' AND so_far >= (n_all * 50 + 99) // 100) AS first_byte_ms_p50,
    min(ms) FILTER (WHERE kind = 'first_byte_ms' AND so_far >= (n_all * 95 + 99) // 100) AS first_byte_ms_p95,
    min(ms) FILTER (WHERE kind = 'first_byte_ms' AND so_far >= (n_all * 99 + 99) // 100) AS first_byte_ms_p99,
    list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE kind = 'total_ms') AS total_ms,
    list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE kind = 'first_byte_ms') AS first_byte_ms
FROM took
GROUP BY institution, service_id, month
ORDER BY month, service_id
