-- What the checks of before raw_to still mean after it.
CREATE OR REPLACE TEMP TABLE forgotten AS
WITH seen AS (
    SELECT
        past.institution, past.service_id, past.checked_at,
        CASE WHEN past.error_class IS DISTINCT FROM 'own_outage' THEN past.is_up END AS is_up
    FROM core.uptime_check AS past
    JOIN forgetting AS part USING (institution, service_id)
    WHERE past.checked_at < part.raw_to AND (part.raw_from IS NULL OR past.checked_at >= part.raw_from)
        AND (past.source = 'layanan' OR part.first_own_at IS NULL OR past.checked_at < part.first_own_at)
    QUALIFY row_number() OVER (
        PARTITION BY past.institution, past.service_id, past.checked_at ORDER BY past.loaded_at, past.capture_id
    ) = 1
),

last AS (
    SELECT
        institution, service_id, max(checked_at) AS last_at,
        arg_max(struct_pack(is_up), checked_at) AS last, max(checked_at) FILTER (WHERE is_up) AS last_up_at
    FROM seen
    GROUP BY institution, service_id
),

down AS (
    SELECT seen.institution, seen.service_id, min(seen.checked_at) AS outage_at
    FROM seen
    JOIN last USING (institution, service_id)
    WHERE NOT seen.is_up AND (last.last_up_at IS NULL OR seen.checked_at > last.last_up_at)
    GROUP BY seen.institution, seen.service_id
)

SELECT
    part.institution, part.service_id, part.raw_to,
    coalesce(last.last_at, part.raw_last_at) AS last_at,
    CASE WHEN last.last_at IS NULL THEN part.raw_last_up ELSE last.last.is_up END AS last_up,
    CASE WHEN last.last_up_at IS NULL THEN coalesce(part.raw_outage_at, down.outage_at) ELSE down.outage_at END
        AS outage_at
FROM forgetting AS part
LEFT JOIN last USING (institution, service_id)
LEFT JOIN down USING (institution, service_id)
