-- Service levels per service and local day and month, and per agency and month, from every check by $as_of.
-- A check speaks for the time from it to the next one, at most as long as the institution's file says
-- (check_holds): time that no check speaks for is unknown, as is what a check that could not tell was about.
-- Maintenance is neither up, down nor unknown. An outage runs from the first check that failed to the next that
-- did not; its length is the time in it that is known to be down. Histories from elsewhere count only before the
-- first check made here, and a check that is brought in twice counts once.
-- Days gone by are taken as they are rolled up, the others counted one by one (uptime/, whose tables this needs). Months gone by
-- that are carried over from an earlier count (carry/) are no part of this.
WITH service AS (
    SELECT institution, service_id, arg_max(agency, valid_from) AS agency
    FROM core.service
    WHERE valid_from <= $as_of
    GROUP BY institution, service_id
),

rolled AS (
    SELECT institution, service_id, day_from, stands, date_trunc('month', day_from)::DATE AS month_from
    FROM counted_from
    WHERE counted_from IS NOT NULL
),

-- A day has two parts only where the institution's time zone was changed.
spent AS (
    SELECT
        part.institution, service.agency, part.service_id, part.day,
        date_trunc('month', part.day)::DATE AS month,
        sum(part.up_us) AS up_us, sum(part.down_us) AS down_us, sum(part.watched_us) AS watched_us,
        sum(part.excluded_us) AS excluded_us,
        sum(part.checks) AS checks, sum(part.checks_up) AS checks_up, sum(part.checks_unknown) AS checks_unknown,
        sum(part.checks_imported) AS checks_imported,
        arg_max(
            struct_pack(
                total_ms_p50, total_ms_p95, total_ms_p99, first_byte_ms_p50, first_byte_ms_p95, first_byte_ms_p99
            ),
            part.checks
        ) AS took
    FROM (
        SELECT past.* EXCLUDE (total_ms, first_byte_ms)
        FROM core.uptime_day AS past
        JOIN rolled ON rolled.institution = past.institution AND rolled.service_id = past.service_id
            AND past.day < rolled.day_from
        UNION ALL BY NAME
        FROM counted_day
    ) AS part
    JOIN service USING (institution, service_id)
    GROUP BY part.institution, service.agency, part.service_id, part.day
),

spent_total AS (
    SELECT
        institution, agency, service_id,
        CASE WHEN grouping(day) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(day, month) AS starts_on,
        sum(up_us) AS up_us, sum(down_us) AS down_us,
        sum(watched_us) - sum(up_us) - sum(down_us) AS unknown_us,
        sum(excluded_us) AS excluded_us,
        sum(checks)::BIGINT AS checks, sum(checks_up)::BIGINT AS checks_up,
        sum(checks_unknown)::BIGINT AS checks_unknown, sum(checks_imported)::BIGINT AS checks_imported,
        CASE WHEN grouping(day) = 0 THEN any_value(took) END AS took
    FROM spent
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, day), (institution, agency, service_id, month),
        (institution, agency, month)
    )
),

watched AS (
    SELECT institution, agency, period, starts_on, count(service_id) AS services
    FROM spent_total
    WHERE up_us + down_us + unknown_us + excluded_us > 0
    GROUP BY institution, agency, period, starts_on
),

-- What each outage took of each day and month, and its whole length where it ended.
outage AS (
    SELECT
        part.institution, service.agency, part.service_id, part.outage_at, part.day,
        date_trunc('month', part.day)::DATE AS month, part.down_us, part.is_end
    FROM (
        SELECT past.*
        FROM core.uptime_outage AS past
        JOIN rolled ON rolled.institution = past.institution AND rolled.service_id = past.service_id
            AND past.day < rolled.day_from
        UNION ALL BY NAME
        FROM counted_outage
    ) AS part
    JOIN service USING (institution, service_id)
),

outage_total AS (
    SELECT
        institution, agency, service_id, period, starts_on,
        count(*) AS outages, max(us) AS longest_us
    FROM (
        SELECT
            institution, agency, service_id, outage_at,
            CASE WHEN grouping(day) = 0 THEN 'hari' ELSE 'bulan' END AS period,
            coalesce(day, month) AS starts_on,
            sum(down_us) AS us
        FROM outage
        WHERE down_us > 0
        GROUP BY GROUPING SETS (
            (institution, agency, service_id, outage_at, day), (institution, agency, service_id, outage_at, month)
        )
    )
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, period, starts_on), (institution, agency, period, starts_on)
    )
),

repair_total AS (
    SELECT
        institution, agency, service_id,
        CASE WHEN grouping(ended_on) = 0 THEN 'hari' ELSE 'bulan' END AS period,
        coalesce(ended_on, month) AS starts_on,
        count(*) AS resolved_outages, sum(us) AS us
    FROM (
        SELECT
            institution, agency, service_id, sum(down_us) AS us,
            max(day) FILTER (WHERE is_end) AS ended_on,
            date_trunc('month', max(day) FILTER (WHERE is_end))::DATE AS month
        FROM outage
        GROUP BY institution, agency, service_id, outage_at
        HAVING bool_or(is_end) AND sum(down_us) > 0
    )
    GROUP BY GROUPING SETS (
        (institution, agency, service_id, ended_on), (institution, agency, service_id, month),
        (institution, agency, month)
    )
),

-- Numbers in the place of names: there are millions of counts of milliseconds.
numbered AS MATERIALIZED (
    SELECT
        institution, agency, service_id,
        row_number() OVER (ORDER BY institution, service_id)::INTEGER AS service_no,
        dense_rank() OVER (ORDER BY institution, agency)::INTEGER AS agency_no
    FROM service
),

month_counted AS MATERIALIZED (
    SELECT
        numbered.service_no, numbered.agency_no, date_trunc('month', part.day)::DATE AS month,
        part.is_total, part.ms, part.n
    FROM counted_time AS part
    JOIN (
        SELECT counted.service_no AS counted_no, numbered.service_no, numbered.agency_no
        FROM counted_service AS counted
        JOIN numbered USING (institution, service_id)
    ) AS numbered ON numbered.counted_no = part.service_no
),

-- Months that are rolled up as far as they are; alone where nothing of them is counted one by one.
month_rolled AS MATERIALIZED (
    SELECT
        past.* EXCLUDE (institution, service_id), numbered.service_no, numbered.agency_no,
        -- Those carried over have no percentiles of their own.
        counted.month IS NULL AND past.total_ms_p50 IS NOT NULL AS is_alone
    FROM core.uptime_month AS past
    JOIN rolled USING (institution, service_id)
    JOIN numbered USING (institution, service_id)
    LEFT JOIN (SELECT DISTINCT service_no, month FROM month_counted) AS counted USING (service_no, month)
    WHERE rolled.stands OR past.month < rolled.month_from
),

-- The days of the month in which counting anew begins.
day_rolled AS MATERIALIZED (
    SELECT numbered.service_no, numbered.agency_no, rolled.month_from AS month, past.total_ms, past.first_byte_ms
    FROM core.uptime_day AS past
    JOIN rolled USING (institution, service_id)
    JOIN numbered USING (institution, service_id)
    WHERE NOT rolled.stands AND past.day >= rolled.month_from AND past.day < rolled.day_from
),

month_time AS MATERIALIZED (
    SELECT service_no, agency_no, month, is_alone, TRUE AS is_total, unnest(total_ms, recursive := TRUE)
    FROM month_rolled
    UNION ALL
    SELECT service_no, agency_no, month, is_alone, FALSE, unnest(first_byte_ms, recursive := TRUE) FROM month_rolled
    UNION ALL
    SELECT service_no, agency_no, month, FALSE, TRUE, unnest(total_ms, recursive := TRUE) FROM day_rolled
    UNION ALL
    SELECT service_no, agency_no, month, FALSE, FALSE, unnest(first_byte_ms, recursive := TRUE) FROM day_rolled
    UNION ALL
    SELECT service_no, agency_no, month, FALSE, is_total, ms, n FROM month_counted
),

-- One number for whose counts they are, as sorting by five columns takes three times as long: of an agency, of a service
-- (0: all of the agency's), of a month, of which of the two times.
month_counts AS MATERIALIZED (
    SELECT
        ((agency_no::BIGINT * 1000000) * 100000 + (month - DATE '1970-01-01')) * 2 + is_total::INTEGER AS series,
        ms // 16 AS span, ms, n
    FROM month_time
    UNION ALL
    SELECT
        ((agency_no::BIGINT * 1000000 + service_no) * 100000 + (month - DATE '1970-01-01')) * 2 + is_total::INTEGER,
        ms // 16, ms, n
    FROM month_time
    WHERE NOT is_alone
),

-- Percentiles are looked for in spans of 32 ms first, then ms by ms in those that hold one: putting all counts in order
-- takes longest of all.
month_span AS (
    SELECT
        series, span, n,
        -- Narrow again: sums of BIGINT are HUGEINT, and dividing those is slow.
        (sum(n) OVER (PARTITION BY series ORDER BY span))::BIGINT AS so_far,
        (sum(n) OVER (PARTITION BY series))::BIGINT AS n_all
    FROM (SELECT series, span, sum(n)::BIGINT AS n FROM month_counts GROUP BY series, span)
),

month_reached AS (
    SELECT
        series // 2 AS owner_month, series % 2 = 1 AS is_total, ms, n_all,
        before + (sum(n) OVER (PARTITION BY series, span ORDER BY ms))::BIGINT AS so_far
    FROM (
        SELECT series, span, ms, any_value(before) AS before, any_value(n_all) AS n_all, sum(part.n)::BIGINT AS n
        FROM month_counts AS part
        JOIN (
            SELECT series, span, so_far - n AS before, n_all
            FROM month_span
            WHERE (n_all * 50 + 99) // 100 BETWEEN so_far - n + 1 AND so_far
                OR (n_all * 95 + 99) // 100 BETWEEN so_far - n + 1 AND so_far
                OR (n_all * 99 + 99) // 100 BETWEEN so_far - n + 1 AND so_far
        ) AS held USING (series, span)
        GROUP BY series, span, ms
    )
),

month_took AS (
    SELECT
        agency.institution, agency.agency, service.service_id, 'bulan' AS period, took.month AS starts_on,
        took.* EXCLUDE (agency_no, service_no, month)
    FROM (
        SELECT
            owner_month // 100000000000 AS agency_no, nullif(owner_month // 100000 % 1000000, 0) AS service_no,
            DATE '1970-01-01' + (owner_month % 100000)::INTEGER AS month,
            min(ms) FILTER (WHERE is_total AND so_far >= (n_all * 50 + 99) // 100) AS total_ms_p50,
            min(ms) FILTER (WHERE is_total AND so_far >= (n_all * 95 + 99) // 100) AS total_ms_p95,
            min(ms) FILTER (WHERE is_total AND so_far >= (n_all * 99 + 99) // 100) AS total_ms_p99,
            min(ms) FILTER (WHERE NOT is_total AND so_far >= (n_all * 50 + 99) // 100) AS first_byte_ms_p50,
            min(ms) FILTER (WHERE NOT is_total AND so_far >= (n_all * 95 + 99) // 100) AS first_byte_ms_p95,
            min(ms) FILTER (WHERE NOT is_total AND so_far >= (n_all * 99 + 99) // 100) AS first_byte_ms_p99
        FROM month_reached
        GROUP BY owner_month
        UNION ALL
        SELECT
            agency_no, service_no, month, total_ms_p50, total_ms_p95, total_ms_p99,
            first_byte_ms_p50, first_byte_ms_p95, first_byte_ms_p99
        FROM month_rolled
        WHERE is_alone
    ) AS took
    JOIN (SELECT DISTINCT institution, agency, agency_no FROM numbered) AS agency USING (agency_no)
    LEFT JOIN numbered AS service USING (service_no)
)

SELECT
    spent.institution, spent.period, spent.starts_on, spent.agency, spent.service_id,
    spent.up_us / 1000000 AS up_seconds, spent.down_us / 1000000 AS down_seconds,
    spent.unknown_us / 1000000 AS unknown_seconds, spent.excluded_us / 1000000 AS excluded_seconds,
    spent.checks, spent.checks_up, spent.checks_unknown, spent.checks_imported,
    coalesce(down.outages, 0) AS outages,
    down.longest_us / 1000000 AS longest_outage_seconds,
    coalesce(repair.resolved_outages, 0) AS resolved_outages,
    repair.us / repair.resolved_outages / 1000000 AS mttr_seconds,
    coalesce(spent.took.total_ms_p50, took.total_ms_p50) AS total_ms_p50,
    coalesce(spent.took.total_ms_p95, took.total_ms_p95) AS total_ms_p95,
    coalesce(spent.took.total_ms_p99, took.total_ms_p99) AS total_ms_p99,
    coalesce(spent.took.first_byte_ms_p50, took.first_byte_ms_p50) AS first_byte_ms_p50,
    coalesce(spent.took.first_byte_ms_p95, took.first_byte_ms_p95) AS first_byte_ms_p95,
    coalesce(spent.took.first_byte_ms_p99, took.first_byte_ms_p99) AS first_byte_ms_p99,
    watched.services
FROM spent_total AS spent
LEFT JOIN watched
    ON watched.institution = spent.institution AND watched.agency IS NOT DISTINCT FROM spent.agency
    AND watched.period = spent.period AND watched.starts_on = spent.starts_on
LEFT JOIN outage_total AS down
    ON down.institution = spent.institution AND down.agency = spent.agency
    AND down.service_id IS NOT DISTINCT FROM spent.service_id
    AND down.period = spent.period AND down.starts_on = spent.starts_on
LEFT JOIN repair_total AS repair
    ON repair.institution = spent.institution AND repair.agency = spent.agency
    AND repair.service_id IS NOT DISTINCT FROM spent.service_id
    AND repair.period = spent.period AND repair.starts_on = spent.starts_on
LEFT JOIN month_took AS took
    ON took.institution = spent.institution AND took.agency = spent.agency
    AND took.service_id IS NOT DISTINCT FROM spent.service_id
    AND took.period = spent.period AND took.starts_on = spent.starts_on
WHERE spent.up_us + spent.down_us + spent.unknown_us + spent.excluded_us > 0
ORDER BY institution, period, starts_on, agency, service_id NULLS FIRST
