-- Claim: a service that the institution's file names as showing $function of indicator $indicator is open to
-- the public. It holds as of the latest check that was up, so that one failed check does not unsettle it;
-- while every such service is down it is FALSE.
WITH shown AS (
    SELECT
        shows.institution,
        count(*) FILTER (WHERE shows.is_down) AS down,
        count(*) FILTER (WHERE shows.latest_at IS NOT NULL) AS checked,
        max(
            struct_pack(at := shows.last_up_at, service_id := shows.service_id, name := shows.name,
                url := shows.url, capture_id := shows.last_up_capture_id)
        ) FILTER (WHERE shows.last_up_at IS NOT NULL AND NOT shows.is_down) AS up,
        max(
            struct_pack(since := shows.down_since, service_id := shows.service_id, name := shows.name,
                fault := shows.fault)
        ) FILTER (WHERE shows.is_down) AS dead,
        list_sort(list(shows.capture_id) FILTER (WHERE shows.is_down)) AS down_ids,
        min(shows.latest_at) FILTER (WHERE shows.is_down) AS down_at
    FROM service_shows AS shows
    WHERE shows.indicator = $indicator AND shows.function = $function
    GROUP BY shows.institution
)

SELECT
    inst.institution,
    CASE
        WHEN shown.up IS NOT NULL THEN TRUE
        WHEN shown.checked > 0 AND shown.down = shown.checked THEN FALSE
    END AS answer,
    CASE
        WHEN shown.institution IS NULL THEN
            'Tidak ada layanan dalam berkas institusi yang menunjukkan fungsi ' || $function
        WHEN shown.checked = 0 THEN
            'Layanan yang menunjukkan fungsi ' || $function || ' belum pernah diperiksa'
        WHEN shown.up IS NOT NULL THEN
            shown.up.name || ' (' || shown.up.url || ') dapat dibuka dan menunjukkan fungsi ' || $function
        WHEN shown.down = shown.checked THEN
            shown.dead.name || ' mati sejak '
            || strftime(timezone(inst.time_zone, shown.dead.since), '%d-%m-%Y pukul %H.%M ') || inst.zone
            || coalesce(' (' || shown.dead.fault || ')', '')
        ELSE
            'Belum dapat dipastikan apakah layanan yang menunjukkan fungsi ' || $function || ' menyala'
    END AS reason,
    CASE
        WHEN shown.up IS NOT NULL THEN [shown.up.capture_id]
        ELSE coalesce(shown.down_ids, [])
    END::VARCHAR[] AS evidence_ids,
    CASE WHEN shown.up IS NOT NULL THEN shown.up.at ELSE shown.down_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN shown USING (institution)
ORDER BY inst.institution
