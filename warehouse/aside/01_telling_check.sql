-- The checks that the state of a service at $as_of follows from, between two of which every other check is up: of all time
-- those that are not up, the first one, the last, the last that is up, and the first up since the service was last not; and
-- of the 31 days before it was last up each that is up beside one that is not.
CREATE OR REPLACE TEMP TABLE telling_check AS
WITH seen AS (
    SELECT institution, service_id, checked_at, is_up, error_class
    FROM core.uptime_check
    WHERE source = 'layanan' AND checked_at <= $as_of
),

ever AS (
    SELECT
        institution, service_id, min(checked_at) AS first_at, max(checked_at) AS last_at,
        max(checked_at) FILTER (WHERE is_up) AS last_up_at
    FROM seen
    GROUP BY institution, service_id
),

-- As service_state reads them: in maintenance they are no checks at all.
fault AS (
    SELECT seen.institution, seen.service_id, max(seen.checked_at) AS last_at
    FROM (FROM seen WHERE is_up IS NOT TRUE AND error_class IS DISTINCT FROM 'own_outage') AS seen
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = seen.institution AND gap.service_id = seen.service_id
        AND seen.checked_at >= gap.starts_at
    WHERE gap.ends_at IS NULL OR seen.checked_at >= gap.ends_at
    GROUP BY seen.institution, seen.service_id
),

recovered AS (
    SELECT seen.institution, seen.service_id, min(seen.checked_at) AS checked_at
    FROM seen
    LEFT JOIN fault USING (institution, service_id)
    -- The first check may be none (our own outage, maintenance) and all that count be up.
    WHERE seen.is_up AND (fault.last_at IS NULL OR seen.checked_at > fault.last_at)
    GROUP BY seen.institution, seen.service_id
),

beside AS (
    SELECT institution, service_id, checked_at
    FROM (
        SELECT
            seen.institution, seen.service_id, seen.checked_at,
            lag(seen.is_up, 1, TRUE) OVER of_service IS NOT TRUE OR lead(seen.is_up, 1, TRUE) OVER of_service IS NOT TRUE
                AS is_beside
        FROM seen
        JOIN ever USING (institution, service_id)
        WHERE seen.checked_at >= ever.last_up_at - INTERVAL 31 DAY
        WINDOW of_service AS (PARTITION BY seen.institution, seen.service_id ORDER BY seen.checked_at)
    )
    WHERE is_beside
)

SELECT institution, service_id, checked_at FROM seen WHERE is_up IS NOT TRUE
UNION
FROM beside
UNION
SELECT institution, service_id, unnest([first_at, last_at, last_up_at]) FROM ever
UNION
FROM recovered
