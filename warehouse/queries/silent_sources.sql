-- Sources of which no run came in by $as_of for longer than the schedule of their cadence allows (silent_after of the
-- institution's file), and whether that holds of every source of the cadence that ever ran. One that never ran is counted
-- from when the file first named it. Services are one source, where there are any.
WITH inst AS (
    FROM core.institution
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

scheduled AS (
    SELECT institution, source, cadence
    FROM core.source
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    UNION ALL
    SELECT institution, 'layanan', services_cadence
    FROM inst
    WHERE EXISTS (
        SELECT 1 FROM core.service AS service
        WHERE service.institution = inst.institution
            AND service.valid_from <= $as_of AND (service.valid_to IS NULL OR service.valid_to > $as_of)
    )
),

named AS (
    SELECT institution, source, min(valid_from) AS named_at FROM core.source GROUP BY ALL
    UNION ALL
    SELECT institution, 'layanan', min(valid_from) FROM core.service GROUP BY ALL
),

ran AS (
    SELECT institution, source, max(observed_at) AS last_run_at
    FROM core.observation
    WHERE observed_at <= $as_of
    GROUP BY ALL
),

stood AS (
    SELECT
        scheduled.*, ran.last_run_at, coalesce(ran.last_run_at, named.named_at) AS since,
        CASE scheduled.cadence
            WHEN 'services' THEN inst.silent_services
            WHEN 'listings' THEN inst.silent_listings
            ELSE inst.silent_registry
        END AS allowed,
        since + allowed < $as_of AS is_silent
    FROM scheduled
    JOIN inst USING (institution)
    LEFT JOIN ran USING (institution, source)
    LEFT JOIN named USING (institution, source)
)

SELECT
    institution, cadence, source, last_run_at, since, allowed,
    bool_and(is_silent OR last_run_at IS NULL) OVER (PARTITION BY institution, cadence) AS is_whole
FROM stood
QUALIFY is_silent
ORDER BY institution, cadence, source
