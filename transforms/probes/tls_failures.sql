-- Claim: a watched service is served without HTTPS or with a certificate that does not hold (expired,
-- self-signed, wrong name, incomplete chain). Strong evidence against security controls in every unit, and so
-- against level 3 of I22. FALSE only where all services were judged and none fails.
WITH judged AS (
    SELECT
        state.institution,
        count(*) AS services,
        count(*) FILTER (WHERE tls = 'sah') AS good,
        count(*) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https')) AS bad,
        string_agg(
            state.name || ': ' || CASE
                WHEN tls = 'tanpa_https' THEN 'tanpa HTTPS'
                WHEN cert_expires_at <= tls_checked_at THEN
                    'sertifikat TLS kedaluwarsa sejak '
                    || strftime(timezone(inst.time_zone, cert_expires_at), '%d-%m-%Y')
                ELSE coalesce(tls_fault, 'sertifikat TLS tidak sah')
            END,
            '; ' ORDER BY state.service_id
        ) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https')) AS told,
        list_sort(list(DISTINCT tls_capture_id) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https'))) AS bad_ids,
        max(tls_checked_at) FILTER (WHERE tls IN ('tidak_sah', 'tanpa_https')) AS bad_at,
        list_sort(list(DISTINCT tls_capture_id) FILTER (WHERE tls_capture_id IS NOT NULL))[1:5] AS good_ids,
        min(tls_checked_at) AS good_at
    FROM service_state AS state
    JOIN institution_current AS inst USING (institution)
    GROUP BY state.institution
)

SELECT
    inst.institution,
    CASE WHEN judged.bad > 0 THEN TRUE WHEN judged.good = judged.services THEN FALSE END AS answer,
    CASE
        WHEN judged.institution IS NULL THEN 'Belum ada layanan yang diperiksa'
        WHEN judged.bad > 0 THEN judged.told
        WHEN judged.good = judged.services THEN
            'Tidak ada di antara ' || judged.services || ' layanan yang dipantau'
        ELSE judged.good || ' dari ' || judged.services || ' layanan sudah dapat dinilai sertifikatnya'
    END AS reason,
    CASE WHEN judged.bad > 0 THEN judged.bad_ids ELSE coalesce(judged.good_ids, []) END::VARCHAR[]
        AS evidence_ids,
    CASE WHEN judged.bad > 0 THEN judged.bad_at ELSE judged.good_at END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
ORDER BY inst.institution
