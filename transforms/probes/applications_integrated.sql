-- Claim: the registry records at least one active application as integrated. The registry's own word, so a
-- hint; whether it goes over a service bus is not visible. FALSE where it records of all that none is.
WITH listed AS (
    SELECT
        institution,
        count(*) AS active,
        count(*) FILTER (WHERE is_integrated) AS integrated,
        count(*) FILTER (WHERE is_integrated IS NOT NULL) AS recorded,
        list_sort(list_distinct(list(capture_id)))[1:5] AS capture_ids,
        min(coalesce(seen.last_ok_at, app.listed_from)) AS observed_at
    FROM application_current AS app
    LEFT JOIN source_seen AS seen USING (institution, source)
    WHERE status = 'aktif'
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN listed.integrated > 0 THEN TRUE WHEN listed.recorded = listed.active THEN FALSE END AS answer,
    CASE
        WHEN listed.institution IS NULL THEN 'Belum ada aplikasi aktif dalam registri yang terbaca'
        WHEN listed.recorded = 0 THEN 'Registri tidak mencatat integrasi aplikasi'
        ELSE listed.integrated || ' dari ' || listed.active || ' aplikasi aktif tercatat terintegrasi'
    END AS reason,
    coalesce(listed.capture_ids, [])::VARCHAR[] AS evidence_ids,
    listed.observed_at
FROM institution_current AS inst
LEFT JOIN listed USING (institution)
ORDER BY inst.institution
