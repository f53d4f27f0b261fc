-- Claim: a service is often dead. Often: up in less than 95% of the checks of the last 30 days that can tell,
-- with at least 20 such checks on at least 3 different days. The norm names no figure; 95% leaves a day and
-- a half of maintenance a month, and three days keep one long outage in a short history from being a habit.
WITH judged AS (
    SELECT
        *,
        checks_30d >= 20 AND days_30d >= 3 AS is_judged,
        checks_30d >= 20 AND days_30d >= 3 AND up_30d * 100 < checks_30d * 95 AS is_unreliable
    FROM service_state
),

summary AS (
    SELECT
        institution,
        count(*) FILTER (WHERE is_judged) AS services,
        count(*) FILTER (WHERE is_unreliable) AS unreliable,
        string_agg(
            CASE WHEN is_unreliable
                THEN name || ' hidup ' || replace(printf('%.1f', up_30d * 100.0 / checks_30d), '.', ',') || '% dari '
                    || checks_30d || ' pemeriksaan'
            END,
            '; ' ORDER BY service_id
        ) FILTER (WHERE is_unreliable) AS told,
        list_sort(list_distinct(flatten(list(failed_capture_ids) FILTER (WHERE is_unreliable))))
            AS failed_ids,
        max(latest_at) FILTER (WHERE is_unreliable) AS unreliable_at,
        list_sort(list(capture_id) FILTER (WHERE is_judged))[1:5] AS judged_ids,
        min(latest_at) FILTER (WHERE is_judged) AS judged_at
    FROM judged
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN summary.unreliable > 0 THEN TRUE WHEN summary.services > 0 THEN FALSE END AS answer,
    CASE
        WHEN summary.unreliable > 0 THEN 'Sering mati dalam 30 hari terakhir: ' || summary.told
        WHEN summary.services > 0 THEN
            summary.services
            || ' layanan hidup pada sekurang-kurangnya 95% pemeriksaan dalam 30 hari terakhir'
        ELSE 'Belum ada layanan yang cukup lama diukur'
    END AS reason,
    CASE
        WHEN summary.unreliable > 0 THEN summary.failed_ids
        ELSE coalesce(summary.judged_ids, [])
    END::VARCHAR[] AS evidence_ids,
    CASE WHEN summary.unreliable > 0 THEN summary.unreliable_at ELSE summary.judged_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN summary USING (institution)
ORDER BY inst.institution
