-- Claim: the page of a watched service carries gambling spam that others put there. Whoever can do that has got
-- past the controls, so it stands against level 3 of I22. FALSE only where the pages of all services were read
-- and none does.
WITH judged AS (
    SELECT
        state.institution,
        count(*) AS services,
        count(*) FILTER (WHERE NOT is_compromised) AS clean,
        count(*) FILTER (WHERE is_compromised) AS taken,
        string_agg(
            state.name || ' sejak '
                || strftime(timezone(inst.time_zone, state.compromised_since), '%d-%m-%Y') || ' ('
                || coalesce(state.compromise_evidence, 'tanpa kutipan') || ')',
            '; ' ORDER BY state.service_id
        ) FILTER (WHERE is_compromised) AS told,
        list_sort(list(DISTINCT capture_id) FILTER (WHERE is_compromised)) AS taken_ids,
        max(told_at) FILTER (WHERE is_compromised) AS taken_at,
        list_sort(list(DISTINCT capture_id) FILTER (WHERE NOT is_compromised))[1:5] AS clean_ids,
        min(told_at) FILTER (WHERE NOT is_compromised) AS clean_at
    FROM service_compromise AS state
    JOIN institution_current AS inst USING (institution)
    GROUP BY state.institution
)

SELECT
    inst.institution,
    CASE WHEN judged.taken > 0 THEN TRUE WHEN judged.clean = judged.services THEN FALSE END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN judged.taken > 0 THEN 'Disusupi iklan judi: ' || judged.told
        WHEN judged.clean = judged.services THEN
            'Tidak ada iklan judi di halaman ' || judged.services || ' layanan yang dipantau'
        ELSE judged.clean || ' dari ' || judged.services || ' halaman layanan terbaca dan bersih'
    END AS reason,
    CASE WHEN judged.taken > 0 THEN judged.taken_ids ELSE coalesce(judged.clean_ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN judged.taken > 0 THEN judged.taken_at ELSE judged.clean_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
ORDER BY inst.institution
