-- What outages took of each day until then, of all that had not ended before that month.
WITH known AS (
    SELECT past.*
    FROM aside.core.uptime_outage AS past
    JOIN counted_from AS part ON part.institution = past.institution AND part.service_id = past.service_id
    WHERE past.day < part.day_from
    UNION ALL BY NAME
    FROM counted_outage
)

SELECT known.*
FROM known
JOIN kept ON kept.institution = known.institution
ANTI JOIN (
    SELECT known.institution, known.service_id, known.outage_at
    FROM known
    JOIN kept ON kept.institution = known.institution
    WHERE known.is_end AND known.day < kept.month_from
) AS ended
    ON ended.institution = known.institution AND ended.service_id = known.service_id
    AND ended.outage_at = known.outage_at
WHERE known.day < kept.day_until
