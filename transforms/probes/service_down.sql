-- Claim: every service that shows $function of indicator $indicator is down. While it is, the function is not
-- there, whatever a listing or a statement says.
WITH shown AS (
    SELECT
        institution,
        count(*) AS checked,
        count(*) FILTER (WHERE is_down) AS down,
        count(*) FILTER (WHERE NOT is_down AND is_up) AS up,
        array_to_string(list_sort(list(name) FILTER (WHERE is_down)), ', ') AS names,
        max(down_since) FILTER (WHERE is_down) AS since,
        array_to_string(list_sort(list_distinct(list(fault) FILTER (WHERE is_down AND fault IS NOT NULL))), ', ') AS faults,
        list_sort(list(capture_id) FILTER (WHERE is_down)) AS down_ids,
        min(latest_at) FILTER (WHERE is_down) AS down_at,
        array_to_string(list_sort(list(name) FILTER (WHERE is_up)), ', ') AS up_names,
        list_sort(list(capture_id) FILTER (WHERE is_up)) AS up_ids,
        max(latest_at) FILTER (WHERE is_up) AS up_at
    FROM service_shows
    WHERE indicator = $indicator AND function = $function AND latest_at IS NOT NULL
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN shown.down = shown.checked THEN TRUE WHEN shown.up > 0 THEN FALSE END AS answer,
    CASE
        WHEN shown.institution IS NULL THEN
            'Tidak ada layanan terpantau yang menunjukkan fungsi ' || $function
        WHEN shown.down = shown.checked THEN
            shown.names || ' mati sejak '
            || strftime(timezone(inst.time_zone, shown.since), '%d-%m-%Y pukul %H.%M') || ' ' || inst.zone
            || coalesce(' (' || shown.faults || ')', '')
        WHEN shown.up > 0 THEN shown.up_names || ' menyala'
        ELSE 'Pemeriksaan belum dapat memastikan keadaan layanan'
    END AS reason,
    CASE WHEN shown.down = shown.checked THEN shown.down_ids ELSE coalesce(shown.up_ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN shown.down = shown.checked THEN shown.down_at ELSE shown.up_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN shown USING (institution)
ORDER BY inst.institution
