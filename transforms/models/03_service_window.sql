-- When each service was or is in maintenance, up to a day after $as_of: disjoint spells, starts_at to ends_at.
-- A window counts while the institution's file says it: one that is written after the fact excuses nothing, and
-- one that is taken out keeps what it excused. Times before the first file go by the first file.
WITH bound AS (
    SELECT checked.institution, checked.first_at, known.known_from
    FROM (
        SELECT institution, min(checked_at) AS first_at
        FROM core.uptime_check
        SEMI JOIN institution_current USING (institution)
        SEMI JOIN core.maintenance USING (institution)
        WHERE checked_at <= $as_of GROUP BY institution
    ) AS checked
    JOIN (SELECT institution, min(valid_from) AS known_from FROM core.institution GROUP BY institution) AS known
        USING (institution)
),

occurring AS (
    SELECT
        planned.institution, planned.service_id,
        greatest(
            timezone(inst.time_zone, planned.starts_local + INTERVAL 7 DAY * week.number),
            CASE WHEN planned.valid_from > bound.known_from THEN planned.valid_from END
        ) AS starts_at,
        least(
            timezone(inst.time_zone, planned.ends_local + INTERVAL 7 DAY * week.number), planned.valid_to
        ) AS ends_at
    FROM core.maintenance AS planned
    JOIN institution_current AS inst USING (institution)
    JOIN bound USING (institution),
    unnest(
        CASE WHEN planned.is_weekly THEN range(
            date_diff('day', planned.starts_local, timezone(inst.time_zone, bound.first_at)) // 7 - 2,
            date_diff('day', planned.starts_local, timezone(inst.time_zone, $as_of::TIMESTAMPTZ)) // 7 + 2
        ) ELSE [0] END
    ) AS week (number)
    WHERE planned.valid_from <= $as_of
),

-- Once each: spells are numbered in an order that must be one, and a window may be written for one service and for all.
of_service AS (
    SELECT DISTINCT service.institution, service.service_id, occurring.starts_at, occurring.ends_at
    FROM (SELECT DISTINCT institution, service_id FROM core.service WHERE valid_from <= $as_of) AS service
    JOIN occurring
        ON occurring.institution = service.institution
        AND (occurring.service_id IS NULL OR occurring.service_id = service.service_id)
    WHERE occurring.starts_at < occurring.ends_at
        AND occurring.starts_at <= $as_of::TIMESTAMPTZ + INTERVAL 1 DAY
),

-- A spell begins a new one where all before it have ended.
numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER so_far AS spell
    FROM (
        SELECT
            *,
            coalesce(starts_at > max(ends_at) OVER (
                PARTITION BY institution, service_id ORDER BY starts_at, ends_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), TRUE) AS is_first
        FROM of_service
    )
    WINDOW so_far AS (
        PARTITION BY institution, service_id ORDER BY starts_at, ends_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT institution, service_id, min(starts_at) AS starts_at, max(ends_at) AS ends_at
FROM numbered
GROUP BY institution, service_id, spell
