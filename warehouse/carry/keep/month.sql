-- The counts of milliseconds of that month, until then.
WITH took AS (
    SELECT past.institution, past.service_id, TRUE AS is_total, unnest(past.total_ms, recursive := TRUE)
    FROM aside.core.uptime_month AS past
    JOIN kept ON kept.institution = past.institution AND kept.month_from = past.month
    JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
    WHERE part.counted_from IS NOT NULL AND (part.stands OR past.month < date_trunc('month', part.day_from))
    UNION ALL
    SELECT past.institution, past.service_id, FALSE, unnest(past.first_byte_ms, recursive := TRUE)
    FROM aside.core.uptime_month AS past
    JOIN kept ON kept.institution = past.institution AND kept.month_from = past.month
    JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
    WHERE part.counted_from IS NOT NULL AND (part.stands OR past.month < date_trunc('month', part.day_from))
    UNION ALL
    SELECT past.institution, past.service_id, TRUE, unnest(past.total_ms, recursive := TRUE)
    FROM aside.core.uptime_day AS past
    JOIN kept ON kept.institution = past.institution
    JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
    WHERE NOT part.stands AND past.day < part.day_from AND past.day >= kept.month_from
    UNION ALL
    SELECT past.institution, past.service_id, FALSE, unnest(past.first_byte_ms, recursive := TRUE)
    FROM aside.core.uptime_day AS past
    JOIN kept ON kept.institution = past.institution
    JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
    WHERE NOT part.stands AND past.day < part.day_from AND past.day >= kept.month_from
    UNION ALL
    SELECT service.institution, service.service_id, past.is_total, past.ms, past.n
    FROM counted_time AS past
    JOIN counted_service AS service USING (service_no)
    JOIN kept ON kept.institution = service.institution
    WHERE past.day >= kept.month_from AND past.day < kept.day_until
)

SELECT
    institution, service_id, any_value(kept.month_from) AS month,
    list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE is_total) AS total_ms,
    list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE NOT is_total) AS first_byte_ms
FROM (
    SELECT institution, service_id, is_total, ms, sum(n) AS n FROM took GROUP BY institution, service_id, is_total, ms
)
JOIN kept USING (institution)
GROUP BY institution, service_id
