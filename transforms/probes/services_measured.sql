-- Claim: the availability of services is measured: at least one has 20 checks or more on 3 or more of the
-- last 30 days. It hints that operation is watched; it says nothing about what is done with the figures.
WITH judged AS (
    SELECT
        *,
        checks_30d >= 20 AND days_30d >= 3 AND latest_at > $as_of::TIMESTAMPTZ - INTERVAL 30 DAY
            AS is_measured
    FROM service_state
),

measured AS (
    SELECT
        institution,
        count(*) FILTER (WHERE is_measured) AS services,
        sum(checks_30d) FILTER (WHERE is_measured) AS checks,
        list_sort(list(capture_id) FILTER (WHERE is_measured))[1:5] AS capture_ids,
        max(latest_at) FILTER (WHERE is_measured) AS observed_at
    FROM judged
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN measured.services > 0 THEN TRUE END AS answer,
    CASE WHEN measured.services > 0
        THEN 'Ketersediaan ' || measured.services || ' layanan diukur (' || measured.checks
            || ' pemeriksaan dalam 30 hari terakhir)'
        ELSE 'Belum ada layanan yang cukup lama diukur'
    END AS reason,
    coalesce(measured.capture_ids, [])::VARCHAR[] AS evidence_ids,
    measured.observed_at
FROM institution_current AS inst
LEFT JOIN measured USING (institution)
ORDER BY inst.institution
