-- The checks that are counted one by one, each with the time that it speaks for: from it to the next one, at most as
-- long as the institution's file says. `ups_before` numbers the outages there may be, `outage_at` is the first failed
-- check of each. Histories from elsewhere count only before the first check made here, and a check that is brought in
-- twice counts once. `is_before` marks what the last check before `counted_from` still says.
WITH reach AS (
    SELECT coalesce(min(coalesce(part.counted_from, '-infinity'::TIMESTAMPTZ)), '-infinity') AS oldest
    FROM (SELECT DISTINCT institution, service_id FROM core.service WHERE valid_from <= $as_of) AS service
    SEMI JOIN counted_rule USING (institution)
    LEFT JOIN counted_from AS part USING (institution, service_id)
),

seen AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.source, past.is_up, past.error_class,
        past.total_ms, past.first_byte_ms, past.loaded_at, past.capture_id, part.counted_from, part.first_own_at
    FROM core.uptime_check AS past
    SEMI JOIN counted_rule USING (institution)
    LEFT JOIN counted_from AS part USING (institution, service_id)
    WHERE past.checked_at <= $as_of
        AND past.checked_at >= (SELECT oldest FROM reach)
        AND (part.counted_from IS NULL OR past.checked_at >= part.counted_from)
),

own AS (
    SELECT
        institution, service_id,
        least(any_value(first_own_at), min(checked_at) FILTER (WHERE source = 'layanan')) AS first_at
    FROM seen
    GROUP BY institution, service_id
),

checked AS (
    SELECT
        seen.institution, seen.service_id, seen.checked_at, seen.total_ms, seen.first_byte_ms,
        seen.source != 'layanan' AS is_imported,
        CASE WHEN seen.error_class IS DISTINCT FROM 'own_outage' THEN seen.is_up END AS is_up,
        NULL::TIMESTAMPTZ AS outage_before, FALSE AS is_before, seen.counted_from
    FROM seen
    JOIN own USING (institution, service_id)
    WHERE seen.source = 'layanan' OR own.first_at IS NULL OR seen.checked_at < own.first_at
    QUALIFY row_number() OVER (
        PARTITION BY seen.institution, seen.service_id, seen.checked_at ORDER BY seen.loaded_at, seen.capture_id
    ) = 1
    UNION ALL
    SELECT institution, service_id, last_at, NULL, NULL, FALSE, last_up, outage_at, TRUE, counted_from
    FROM counted_from
    WHERE last_at IS NOT NULL
),

timed AS (
    SELECT
        checked.*, rule.time_zone,
        least(
            lead(checked.checked_at, 1, $as_of::TIMESTAMPTZ) OVER of_service,
            checked.checked_at + rule.check_holds
        ) AS ends_at,
        sum(CASE WHEN checked.is_up THEN 1 ELSE 0 END) OVER so_far AS ups_before,
        epoch_us(checked.checked_at) // 900000000 AS quarter
    FROM checked
    SEMI JOIN (FROM core.service WHERE valid_from <= $as_of) AS service USING (institution, service_id)
    JOIN counted_rule AS rule USING (institution)
    WINDOW
        of_service AS (PARTITION BY checked.institution, checked.service_id ORDER BY checked.checked_at),
        so_far AS (
            PARTITION BY checked.institution, checked.service_id ORDER BY checked.checked_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

-- The local day of each quarter of an hour in which there was a check: time zones take long to ask, and none is finer.
local_day AS (
    SELECT institution, quarter, day, timezone(time_zone, day + INTERVAL 1 DAY) AS day_ends_at
    FROM (
        SELECT DISTINCT
            institution, quarter, time_zone,
            timezone(time_zone, make_timestamptz(quarter * 900000000))::DATE AS day
        FROM (SELECT DISTINCT institution, quarter, time_zone FROM timed)
    )
),

outage AS (
    SELECT
        institution, service_id, ups_before,
        min(least(outage_before, CASE WHEN NOT is_up THEN checked_at END)) AS outage_at
    FROM timed
    WHERE NOT is_up OR outage_before IS NOT NULL
    GROUP BY institution, service_id, ups_before
)

SELECT timed.* EXCLUDE (outage_before, quarter), local_day.day, local_day.day_ends_at, outage.outage_at
FROM timed
JOIN local_day USING (institution, quarter)
LEFT JOIN outage USING (institution, service_id, ups_before)
