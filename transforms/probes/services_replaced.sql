-- Claim: the page of a watched service was suddenly replaced by a foreign one (service_change.is_replaced). Whoever
-- can do that has got past the controls, so it stands against level 3 of I22. A redesign or a mere new title is told
-- by an alert and refutes nothing. FALSE only where the pages of all services have a stable history and none was.
WITH judged AS (
    SELECT
        institution,
        count(*) AS services,
        count(*) FILTER (WHERE has_history AND NOT is_replaced) AS kept,
        count(*) FILTER (WHERE is_replaced) AS replaced,
        string_agg(name || ' (' || evidence || ')', '; ' ORDER BY service_id) FILTER (WHERE is_replaced) AS told,
        list_sort(list_distinct(flatten(list(capture_ids) FILTER (WHERE is_replaced)))) AS replaced_ids,
        max(latest_at) FILTER (WHERE is_replaced) AS replaced_at,
        min(latest_at) FILTER (WHERE has_history AND NOT is_replaced) AS kept_at
    FROM service_change
    GROUP BY institution
),

kept AS (
    SELECT institution, min(capture_id, 5) AS ids
    FROM (SELECT DISTINCT institution, unnest(capture_ids) AS capture_id FROM service_change WHERE has_history)
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN judged.replaced > 0 THEN TRUE WHEN judged.kept = judged.services THEN FALSE END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN judged.replaced > 0 THEN 'Halaman diganti mendadak: ' || judged.told
        WHEN judged.kept = judged.services THEN
            'Halaman ' || judged.services || ' layanan tetap atau berubah wajar terhadap riwayatnya'
        ELSE judged.kept || ' dari ' || judged.services || ' layanan punya riwayat halaman yang tetap'
    END AS reason,
    CASE WHEN judged.replaced > 0 THEN judged.replaced_ids ELSE coalesce(kept.ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN judged.replaced > 0 THEN judged.replaced_at ELSE judged.kept_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
LEFT JOIN kept USING (institution)
ORDER BY inst.institution
