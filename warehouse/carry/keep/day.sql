-- The days of the month that is not over.
SELECT past.* EXCLUDE (total_ms, first_byte_ms)
FROM aside.core.uptime_day AS past
JOIN kept ON kept.institution = past.institution
JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
WHERE past.day < part.day_from AND past.day >= kept.month_from
UNION ALL BY NAME
SELECT past.*
FROM counted_day AS past
JOIN kept ON kept.institution = past.institution
WHERE past.day >= kept.month_from AND past.day < kept.day_until
