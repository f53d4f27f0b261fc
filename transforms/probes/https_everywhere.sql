-- Claim: every watched service is served over HTTPS with a valid certificate. NULL while one of them
-- is unjudged.
WITH judged AS (
    SELECT
        institution,
        count(*) AS services,
        count(*) FILTER (WHERE tls = 'sah') AS good,
        count(*) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https')) AS bad,
        string_agg(name, ', ' ORDER BY service_id) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https'))
            AS bad_names,
        list_sort(list(DISTINCT tls_capture_id) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https'))) AS bad_ids,
        list_sort(list(DISTINCT tls_capture_id) FILTER (WHERE tls_capture_id IS NOT NULL))[1:5] AS good_ids,
        max(tls_checked_at) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https')) AS bad_at,
        min(tls_checked_at) AS good_at
    FROM service_state
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN judged.bad > 0 THEN FALSE WHEN judged.good = judged.services THEN TRUE END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN judged.bad > 0 THEN 'Tanpa HTTPS atau bersertifikat tidak sah: ' || judged.bad_names
        WHEN judged.good = judged.services THEN
            'Semua ' || judged.services || ' layanan yang dipantau memakai HTTPS dengan sertifikat sah'
        ELSE judged.good || ' dari ' || judged.services || ' layanan sudah dapat dinilai sertifikatnya'
    END AS reason,
    CASE WHEN judged.bad > 0 THEN judged.bad_ids ELSE coalesce(judged.good_ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN judged.bad > 0 THEN judged.bad_at ELSE judged.good_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
ORDER BY inst.institution
