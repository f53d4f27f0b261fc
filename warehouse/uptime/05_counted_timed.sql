-- The checks that are counted one by one, in order. Histories from elsewhere count only before the first check made here,
-- and a check that is brought in twice counts once. `is_before` marks what the last check before `counted_from` still says.
WITH placed AS MATERIALIZED (
    SELECT
        seen.*, seen.checked_at >= service.starts_at AS is_counted, service.first_own_at,
        hash(seen.service_no, seen.checked_at) AS place
    FROM counted_seen AS seen
    JOIN counted_service AS service USING (service_no)
),

counting AS MATERIALIZED (
    SELECT placed.* EXCLUDE (first_own_at, is_counted)
    FROM placed
    JOIN (
        SELECT
            service_no,
            least(any_value(first_own_at), min(checked_at) FILTER (WHERE NOT is_imported)) AS first_at
        FROM placed
        WHERE is_counted
        GROUP BY service_no
    ) AS own USING (service_no)
    WHERE placed.is_counted
        AND (NOT placed.is_imported OR own.first_at IS NULL OR placed.checked_at < own.first_at)
),

-- Places where there may be two: nearly always none, so that not all need to be sorted for it.
twice AS MATERIALIZED (
    SELECT place FROM counting GROUP BY place HAVING count(*) > 1
),

checked AS (
    SELECT service_no, checked_at, total_ms, first_byte_ms, is_imported, is_up, NULL::TIMESTAMPTZ AS outage_before,
        FALSE AS is_before
    FROM counting
    ANTI JOIN twice USING (place)
    UNION ALL
    SELECT service_no, checked_at, total_ms, first_byte_ms, is_imported, is_up, NULL, FALSE
    FROM counting
    SEMI JOIN twice USING (place)
    QUALIFY row_number() OVER (PARTITION BY service_no, checked_at ORDER BY loaded_at, capture_id) = 1
    UNION ALL
    SELECT service.service_no, part.last_at, NULL, NULL, FALSE, part.last_up, part.outage_at, TRUE
    FROM counted_from AS part
    JOIN counted_service AS service USING (institution, service_id)
    WHERE part.last_at IS NOT NULL
)

SELECT
    *,
    lead(checked_at, 1, $as_of::TIMESTAMPTZ) OVER of_service AS next_at,
    count(CASE WHEN is_up THEN 1 END) OVER (of_service ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS ups_before,
    epoch_us(checked_at) // 900000000 AS quarter
FROM checked
WINDOW of_service AS (PARTITION BY service_no ORDER BY checked_at)
