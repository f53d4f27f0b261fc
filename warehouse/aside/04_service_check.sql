-- The checks that the state of a service at $as_of follows from, between two of which every other check is up: those that
-- are not up; of those that are up the first one, the last, and the first since the service was last not; and of what
-- may be flapping each that is up beside one that is not, of 31 days at least before it was last up. Those that are up
-- say nothing but that. In the place of the model of that name, which holds what is cited and counted as well.
CREATE OR REPLACE TEMP TABLE service_check AS
WITH beside AS (
    SELECT institution, service_id, checked_at
    FROM (
        SELECT
            past.institution, past.service_id, past.checked_at, past.is_up,
            lag(past.is_up, 1, TRUE) OVER of_service IS NOT TRUE OR lead(past.is_up, 1, TRUE) OVER of_service IS NOT TRUE
                AS is_beside
        FROM core.uptime_check AS past
        -- Of other institutions, too, that have one of that name: more does no harm, and two keys take ten times as long.
        WHERE past.service_id IN (SELECT service_id FROM last_check WHERE may_flap)
            AND past.source = 'layanan' AND past.checked_at <= $as_of
            AND past.error_class IS DISTINCT FROM 'own_outage'
            AND past.checked_at >= (SELECT min(last_up_at) - INTERVAL 31 DAY FROM last_check WHERE may_flap)
        WINDOW of_service AS (PARTITION BY past.institution, past.service_id ORDER BY past.checked_at)
    )
    WHERE is_up AND is_beside
)

SELECT *, FALSE AS in_maintenance FROM not_up
UNION ALL BY NAME
SELECT institution, service_id, checked_at, TRUE AS is_up, FALSE AS in_maintenance
FROM (
    FROM beside
    UNION
    FROM recovered
    UNION
    SELECT institution, service_id, unnest([first_up_at, last_up_at]) FROM last_check
)
WHERE checked_at IS NOT NULL
