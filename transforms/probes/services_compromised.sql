-- Claim: the page of a watched service carries gambling spam that others put there. Whoever can do that has got
-- past the controls, so it stands against level 3 of I22. FALSE only where the pages of all services were read
-- and none does.
WITH judged AS (
    SELECT
        institution,
        count(*) AS services,
        count(*) FILTER (WHERE NOT is_compromised) AS clean,
        min(told_at) FILTER (WHERE NOT is_compromised) AS clean_at
    FROM service_compromise
    GROUP BY institution
),

clean AS (
    SELECT institution, min(capture_id, 5) AS ids
    FROM (SELECT DISTINCT institution, capture_id FROM service_compromise WHERE NOT is_compromised)
    GROUP BY institution
),

taken AS (
    SELECT
        state.institution,
        string_agg(
            state.name || ' sejak '
                || strftime(timezone(inst.time_zone, state.compromised_since), '%d-%m-%Y') || ' ('
                || coalesce(state.compromise_evidence, 'tanpa kutipan') || ')',
            '; ' ORDER BY state.service_id
        ) AS told,
        list_sort(list(DISTINCT capture_id)) AS ids,
        max(told_at) AS at
    FROM service_compromise AS state
    JOIN institution_current AS inst USING (institution)
    WHERE state.is_compromised
    GROUP BY state.institution
)

SELECT
    inst.institution,
    CASE WHEN taken.institution IS NOT NULL THEN TRUE WHEN judged.clean = judged.services THEN FALSE END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN taken.institution IS NOT NULL THEN 'Disusupi iklan judi: ' || taken.told
        WHEN judged.clean = judged.services THEN
            'Tidak ada iklan judi di halaman ' || judged.services || ' layanan yang dipantau'
        ELSE judged.clean || ' dari ' || judged.services || ' halaman layanan terbaca dan bersih'
    END AS reason,
    CASE WHEN taken.institution IS NOT NULL THEN taken.ids ELSE coalesce(clean.ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN taken.institution IS NOT NULL THEN taken.at ELSE judged.clean_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
LEFT JOIN clean USING (institution)
LEFT JOIN taken USING (institution)
ORDER BY inst.institution
