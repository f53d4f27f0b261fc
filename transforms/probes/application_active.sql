-- Claim: the registry lists an active application on $topic. An entry names an application, not what it does,
-- so it can hint only. FALSE where all that are listed on the topic are inactive.
WITH found AS (
    SELECT app.*, coalesce(seen.last_ok_at, app.listed_from) AS observed_at
    FROM application_topic AS app
    LEFT JOIN source_seen AS seen USING (institution, source)
    WHERE topic = $topic
),

listed AS (
    SELECT
        institution,
        count(DISTINCT lower(name)) FILTER (WHERE status = 'aktif') AS active,
        count(*) FILTER (WHERE status = 'tidak_aktif') AS inactive,
        count(*) AS entries,
        list_sort(list_distinct(list(name) FILTER (WHERE status = 'aktif'))) AS names,
        list_sort(list_distinct(list(name))) AS all_names,
        list_sort(list_distinct(list(capture_id) FILTER (WHERE status = 'aktif'))) AS active_ids,
        list_sort(list_distinct(list(capture_id))) AS all_ids,
        max(observed_at) FILTER (WHERE status = 'aktif') AS active_at,
        min(observed_at) AS all_at
    FROM found
    GROUP BY institution
),

registry AS (
    SELECT
        institution, count(DISTINCT application_key) AS listed,
        max(coalesce(seen.last_ok_at, app.listed_from)) AS observed_at
    FROM application_current AS app
    LEFT JOIN source_seen AS seen USING (institution, source)
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE
        WHEN listed.active > 0 THEN TRUE
        WHEN listed.entries > 0 AND listed.inactive = listed.entries THEN FALSE
    END AS answer,
    CASE
        WHEN registry.institution IS NULL THEN 'Belum ada registri aplikasi yang terbaca'
        WHEN listed.active > 0 THEN
            'Registri mencatat aplikasi aktif: ' || array_to_string(listed.names[1:3], ', ')
            || CASE WHEN len(listed.names) > 3
                THEN ' dan ' || (len(listed.names) - 3) || ' lainnya' ELSE '' END
        WHEN listed.entries > 0 AND listed.inactive = listed.entries THEN
            'Registri mencatat tidak aktif: ' || array_to_string(listed.all_names[1:3], ', ')
        WHEN listed.entries > 0 THEN
            'Registri tidak mencatat status ' || array_to_string(listed.all_names[1:3], ', ')
        ELSE 'Tidak ditemukan di antara ' || registry.listed || ' aplikasi dalam registri'
    END AS reason,
    CASE WHEN listed.active > 0 THEN listed.active_ids ELSE coalesce(listed.all_ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE
        WHEN listed.active > 0 THEN listed.active_at
        WHEN listed.entries > 0 THEN listed.all_at
        ELSE registry.observed_at
    END AS observed_at
FROM institution_current AS inst
LEFT JOIN listed USING (institution)
LEFT JOIN registry USING (institution)
ORDER BY inst.institution
