-- Claim: the registry records an active application as not integrated ($share 'sebagian': one is enough, against
-- criteria that ask for all applications) or every one of at least five ('semua': nothing is integrated, against a
-- service bus in use). The institution's own word against itself; an application without a record says nothing.
-- FALSE only where all active ones are recorded as integrated, or one ('semua').
WITH listed AS (
    SELECT
        institution,
        count(*) AS active,
        count(*) FILTER (WHERE is_integrated) AS integrated,
        count(*) FILTER (WHERE NOT is_integrated) AS unconnected,
        list_sort(list_distinct(list(name) FILTER (WHERE NOT is_integrated))) AS names,
        list_sort(list_distinct(list(capture_id) FILTER (WHERE NOT is_integrated)))[1:5] AS unconnected_ids,
        list_sort(list_distinct(list(capture_id)))[1:5] AS capture_ids,
        max(coalesce(seen.last_ok_at, app.listed_from)) FILTER (WHERE NOT is_integrated) AS unconnected_at,
        min(coalesce(seen.last_ok_at, app.listed_from)) AS observed_at
    FROM application_current AS app
    LEFT JOIN source_seen AS seen USING (institution, source)
    WHERE status = 'aktif'
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE
        WHEN $share = 'sebagian' AND listed.unconnected > 0 THEN TRUE
        WHEN $share = 'semua' AND listed.unconnected = listed.active AND listed.active >= 5 THEN TRUE
        WHEN listed.integrated = listed.active OR ($share = 'semua' AND listed.integrated > 0) THEN FALSE
    END AS answer,
    CASE
        WHEN listed.institution IS NULL THEN 'Belum ada aplikasi aktif dalam registri yang terbaca'
        WHEN listed.unconnected > 0 THEN
            listed.unconnected || ' dari ' || listed.active || ' aplikasi aktif tercatat belum terintegrasi: '
            || array_to_string(listed.names[1:3], ', ')
            || CASE WHEN len(listed.names) > 3
                THEN ' dan ' || (len(listed.names) - 3) || ' lainnya' ELSE '' END
        WHEN listed.integrated = listed.active THEN
            'Semua ' || listed.active || ' aplikasi aktif tercatat terintegrasi'
        ELSE 'Registri tidak mencatat integrasi semua aplikasi aktif'
    END AS reason,
    CASE
        WHEN listed.unconnected > 0 THEN listed.unconnected_ids
        ELSE coalesce(listed.capture_ids, [])
    END::VARCHAR[] AS evidence_ids,
    CASE WHEN listed.unconnected > 0 THEN listed.unconnected_at ELSE listed.observed_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN listed USING (institution)
ORDER BY inst.institution
