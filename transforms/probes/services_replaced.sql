-- Claim: the page of a watched service was suddenly replaced by a foreign one (service_change.is_replaced). Whoever
-- can do that has got past the controls, so it stands against level 3 of I22. A redesign or a mere new title is told
-- by an alert and refutes nothing. FALSE only where the pages of all services have a stable history and none was.
WITH judged AS (
    SELECT
        institution,
        count(*) AS services,
        count(*) FILTER (WHERE has_history AND NOT is_replaced) AS kept,
        min(latest_at) FILTER (WHERE has_history AND NOT is_replaced) AS kept_at
    FROM service_change
    GROUP BY institution
),

kept AS (
    SELECT institution, min(capture_id, 5) AS ids
    FROM (SELECT DISTINCT institution, unnest(capture_ids) AS capture_id FROM service_change WHERE has_history)
    GROUP BY institution
),

replaced AS (
    SELECT
        institution,
        string_agg(name || ' (' || evidence || ')', '; ' ORDER BY service_id) AS told,
        list_sort(list_distinct(flatten(list(capture_ids)))) AS ids,
        max(latest_at) AS at
    FROM service_change
    WHERE is_replaced
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE
        WHEN replaced.institution IS NOT NULL THEN TRUE
        WHEN judged.kept = judged.services THEN FALSE
    END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN replaced.institution IS NOT NULL THEN 'Halaman diganti mendadak: ' || replaced.told
        WHEN judged.kept = judged.services THEN
            'Halaman ' || judged.services || ' layanan tetap atau berubah wajar terhadap riwayatnya'
        ELSE judged.kept || ' dari ' || judged.services || ' layanan punya riwayat halaman yang tetap'
    END AS reason,
    CASE WHEN replaced.institution IS NOT NULL THEN replaced.ids ELSE coalesce(kept.ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN replaced.institution IS NOT NULL THEN replaced.at ELSE judged.kept_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
LEFT JOIN kept USING (institution)
LEFT JOIN replaced USING (institution)
ORDER BY inst.institution
