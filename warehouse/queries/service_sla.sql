-- Service levels per service and local day and month, and per agency and month, from every check by $as_of.
-- A check speaks for the time from it to the next one, at most as long as the institution's file says
-- (check_holds): time that no check speaks for is unknown, as is what a check that could not tell was about.
-- Maintenance is neither up, down nor unknown. An outage runs from the first check that failed to the next that
-- did not; its length is the time in it that is known to be down. Histories from elsewhere count only before the
-- first check made here, and a check that is brought in twice counts once.
-- Needs institution_current and service_window (transforms/models).
WITH inst AS (
    SELECT
        current.institution, current.time_zone, coalesce(rule.check_holds, INTERVAL 30 MINUTE) AS check_holds
    FROM institution_current AS current
    JOIN core.institution AS rule
        ON rule.institution = current.institution
        AND rule.valid_from <= $as_of AND (rule.valid_to IS NULL OR rule.valid_to > $as_of)
),

service AS (
    SELECT institution, service_id, arg_max(agency, valid_from) AS agency
    FROM core.service
    WHERE valid_from <= $as_of
    GROUP BY institution, service_id
),

checked AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.total_ms, past.first_byte_ms,
        past.source != 'layanan' AS is_imported,
        CASE WHEN past.error_class IS DISTINCT FROM 'own_outage' THEN past.is_up END AS is_up
    FROM core.uptime_check AS past
    LEFT JOIN (
        SELECT institution, service_id, min(checked_at) AS first_at
        FROM core.uptime_check
        WHERE source = 'layanan'
        GROUP BY institution, service_id
    ) AS own USING (institution, service_id)
    WHERE past.checked_at <= $as_of
        AND (past.source = 'layanan' OR own.first_at IS NULL OR past.checked_at < own.first_at)
    QUALIFY row_number() OVER (
        PARTITION BY past.institution, past.service_id, past.checked_at ORDER BY past.loaded_at, past.capture_id
    ) = 1
),

told AS (
    SELECT
        checked.*, service.agency, inst.time_zone,
        least(
            lead(checked.checked_at, 1, $as_of::TIMESTAMPTZ) OVER of_service,
            checked.checked_at + inst.check_holds
        ) AS ends_at,
        count(*) FILTER (WHERE checked.is_up) OVER so_far AS ups_before,
        min(checked.checked_at) FILTER (WHERE checked.is_up) OVER to_come AS next_up_at
    FROM checked
    JOIN service USING (institution, service_id)
    JOIN inst USING (institution)
    WINDOW
        of_service AS (PARTITION BY checked.institution, checked.service_id ORDER BY checked.checked_at),
        so_far AS (
            PARTITION BY checked.institution, checked.service_id ORDER BY checked.checked_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ),
        to_come AS (
            PARTITION BY checked.institution, checked.service_id ORDER BY checked.checked_at
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        )
),

-- Spells of one state, and the whole time under watch, cut at local midnights; the latter with each service's
-- maintenance beside it.
spell AS (
    SELECT
        institution, service_id, agency, time_zone, checked_at AS starts_at, ends_at,
        CASE WHEN is_up THEN 'up' ELSE 'down' END AS kind,
        CASE WHEN NOT is_up THEN ups_before END AS outage, CASE WHEN NOT is_up THEN next_up_at END AS next_up_at
    FROM told
    WHERE is_up IS NOT NULL
    UNION ALL
    SELECT
        institution, service_id, any_value(agency), any_value(time_zone), min(checked_at), $as_of::TIMESTAMPTZ,
        'watched', NULL, NULL
    FROM told
    GROUP BY institution, service_id
),

piece AS (
    SELECT
        spell.* EXCLUDE (starts_at, ends_at),
        cut.day::DATE AS day,
        greatest(starts_at, timezone(time_zone, cut.day)) AS starts_at,
        least(ends_at, timezone(time_zone, cut.day + INTERVAL 1 DAY)) AS ends_at
    FROM spell,
    unnest(generate_series(
        date_trunc('day', timezone(time_zone, starts_at)), timezone(time_zone, ends_at), INTERVAL 1 DAY
    )) AS cut (day)
),

excluded AS (
    SELECT
        piece.institution, piece.service_id, piece.kind, piece.starts_at,
        sum(epoch(least(piece.ends_at, gap.ends_at)) - epoch(greatest(piece.starts_at, gap.starts_at)))
            AS seconds
    FROM piece
    JOIN service_window AS gap
        ON gap.institution = piece.institution AND gap.service_id = piece.service_id
        AND gap.starts_at < piece.ends_at AND gap.ends_at > piece.starts_at
    GROUP BY piece.institution, piece.service_id, piece.kind, piece.starts_at
),

measured AS (
    SELECT
        piece.*,
        coalesce(excluded.seconds, 0) AS excluded_seconds,
        epoch(piece.ends_at) - epoch(piece.starts_at) - coalesce(excluded.seconds, 0) AS seconds
    FROM piece
    LEFT JOIN excluded USING (institution, service_id, kind, starts_at)
),

time_spent AS (
    SELECT
        institution, agency, service_id, day, date_trunc('month', day)::DATE AS month,
        coalesce(sum(seconds) FILTER (WHERE kind = 'up'), 0) AS up_seconds,
        coalesce(sum(seconds) FILTER (WHERE kind = 'down'), 0) AS down_seconds,
        coalesce(sum(seconds) FILTER (WHERE kind = 'watched'), 0) AS watched_seconds,
        coalesce(sum(excluded_seconds) FILTER (WHERE kind = 'watched'), 0) AS excluded_seconds
    FROM measured
    GROUP BY institution, agency, service_id, day
),

time_total AS (
    SELECT
        institution, agency, service_id,
        CASE WHEN grouping(day) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(day, month) AS starts_on,
        sum(up_seconds) AS up_seconds,
        sum(down_seconds) AS down_seconds,
        sum(watched_seconds) - sum(up_seconds) - sum(down_seconds) AS unknown_seconds,
        sum(excluded_seconds) AS excluded_seconds
    FROM time_spent
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, day), (institution, agency, service_id, month),
        (institution, agency, month)
    )
),

-- What each outage took of each day and month, and its whole length where it ended.
outage_part AS (
    SELECT
        institution, agency, service_id, outage,
        CASE WHEN grouping(day) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(day, month) AS starts_on,
        sum(seconds) AS seconds
    FROM (SELECT *, date_trunc('month', day)::DATE AS month FROM measured WHERE kind = 'down' AND seconds > 0)
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, outage, day), (institution, agency, service_id, outage, month)
    )
),

outage_end AS (
    SELECT
        institution, agency, service_id,
        timezone(any_value(time_zone), any_value(next_up_at))::DATE AS ended_on,
        sum(seconds) AS seconds
    FROM measured
    WHERE kind = 'down' AND seconds > 0 AND next_up_at IS NOT NULL
    GROUP BY institution, agency, service_id, outage
),

outage_total AS (
    SELECT
        institution, agency, service_id, period, starts_on,
        count(*) AS outages, max(seconds) AS longest_outage_seconds
    FROM outage_part
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, period, starts_on), (institution, agency, period, starts_on)
    )
),

repair_total AS (
    SELECT
        institution, agency, service_id,
        CASE WHEN grouping(ended_on) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(ended_on, month) AS starts_on,
        count(*) AS resolved_outages, avg(seconds) AS mttr_seconds
    FROM (SELECT *, date_trunc('month', ended_on)::DATE AS month FROM outage_end)
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, ended_on), (institution, agency, service_id, month),
        (institution, agency, month)
    )
),

check_total AS (
    SELECT
        institution, agency, service_id,
        CASE WHEN grouping(day) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(day, month) AS starts_on,
        count(is_up) AS checks,
        count(*) FILTER (WHERE is_up) AS checks_up,
        count(*) FILTER (WHERE is_up IS NULL) AS checks_unknown,
        count(*) FILTER (WHERE is_imported) AS checks_imported,
        quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS total_ms,
        quantile_disc(first_byte_ms, [0.5, 0.95, 0.99]) FILTER (WHERE is_up) AS first_byte_ms
    FROM (
        SELECT
            told.*,
            timezone(told.time_zone, told.checked_at)::DATE AS day,
            date_trunc('month', timezone(told.time_zone, told.checked_at))::DATE AS month
        FROM told
        ASOF LEFT JOIN service_window AS gap
            ON gap.institution = told.institution AND gap.service_id = told.service_id
            AND told.checked_at >= gap.starts_at
        WHERE gap.ends_at IS NULL OR told.checked_at >= gap.ends_at
    )
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, day), (institution, agency, service_id, month),
        (institution, agency, month)
    )
)

SELECT
    spent.institution, spent.period, spent.starts_on, spent.agency, spent.service_id,
    spent.up_seconds, spent.down_seconds, spent.unknown_seconds, spent.excluded_seconds,
    coalesce(seen.checks, 0) AS checks,
    coalesce(seen.checks_up, 0) AS checks_up,
    coalesce(seen.checks_unknown, 0) AS checks_unknown,
    coalesce(seen.checks_imported, 0) AS checks_imported,
    coalesce(down.outages, 0) AS outages,
    down.longest_outage_seconds,
    coalesce(repair.resolved_outages, 0) AS resolved_outages,
    repair.mttr_seconds,
    seen.total_ms[1] AS total_ms_p50, seen.total_ms[2] AS total_ms_p95, seen.total_ms[3] AS total_ms_p99,
    seen.first_byte_ms[1] AS first_byte_ms_p50,
    seen.first_byte_ms[2] AS first_byte_ms_p95,
    seen.first_byte_ms[3] AS first_byte_ms_p99
FROM time_total AS spent
LEFT JOIN outage_total AS down
    ON down.institution = spent.institution AND down.agency = spent.agency
    AND down.service_id IS NOT DISTINCT FROM spent.service_id
    AND down.period = spent.period AND down.starts_on = spent.starts_on
LEFT JOIN repair_total AS repair
    ON repair.institution = spent.institution AND repair.agency = spent.agency
    AND repair.service_id IS NOT DISTINCT FROM spent.service_id
    AND repair.period = spent.period AND repair.starts_on = spent.starts_on
LEFT JOIN check_total AS seen
    ON seen.institution = spent.institution AND seen.agency = spent.agency
    AND seen.service_id IS NOT DISTINCT FROM spent.service_id
    AND seen.period = spent.period AND seen.starts_on = spent.starts_on
WHERE spent.up_seconds + spent.down_seconds + spent.unknown_seconds + spent.excluded_seconds > 0
ORDER BY spent.institution, spent.period, spent.starts_on, spent.agency, spent.service_id NULLS FIRST
