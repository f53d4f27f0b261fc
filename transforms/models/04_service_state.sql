-- The state of every watched service at $as_of.
-- A service is down when every check of the quarter of an hour up to its latest one failed, and at least two did:
-- one failed check is a hiccup. A check that could not tell (blocked) is no failure. down_since is when the
-- unbroken failures began. TLS is judged by the two latest checks that could judge it, and only where both agree.
WITH service AS (
    SELECT institution, service_id, name, url, agency
    FROM core.service
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

checked AS (
    SELECT
        institution, service_id, checked_at, is_up, status, error_class, capture_id, cert_expires_at,
        checked_at > $as_of::TIMESTAMPTZ - INTERVAL 30 DAY AS is_recent,
        CASE
            WHEN NOT is_https AND status IS NOT NULL THEN 'tanpa_https'
            WHEN is_https AND NOT tls_ok THEN 'tidak_sah'
            WHEN is_https AND tls_ok THEN 'sah'
        END AS tls
    FROM core.uptime_check
    SEMI JOIN service USING (institution, service_id)
    WHERE checked_at <= $as_of
),

summary AS (
    SELECT
        institution, service_id,
        max(checked_at) AS latest_at,
        arg_max(struct_pack(is_up, status, error_class, capture_id), checked_at) AS latest,
        max(checked_at) FILTER (WHERE is_up) AS last_up_at,
        arg_max(capture_id, checked_at) FILTER (WHERE is_up) AS last_up_capture_id,
        max(checked_at) FILTER (WHERE is_up IS NULL OR is_up) AS last_not_failed_at,
        count(*) FILTER (WHERE is_recent AND is_up IS NOT NULL) AS checks_30d,
        count(*) FILTER (WHERE is_recent AND is_up) AS up_30d,
        count(DISTINCT checked_at::DATE) FILTER (WHERE is_recent AND is_up IS NOT NULL) AS days_30d,
        arg_max(capture_id, checked_at, 3) FILTER (WHERE is_recent AND NOT is_up) AS failed_capture_ids,
        arg_max(struct_pack(tls, checked_at, cert_expires_at, error_class, capture_id), checked_at, 2)
            FILTER (WHERE is_recent AND tls IS NOT NULL) AS tls_latest
    FROM checked
    GROUP BY institution, service_id
),

failing AS (
    SELECT checked.institution, checked.service_id, min(checked.checked_at) AS down_since, count(*) AS failures
    FROM checked
    JOIN summary USING (institution, service_id)
    WHERE NOT checked.is_up AND checked.checked_at > coalesce(summary.last_not_failed_at, '-infinity'::TIMESTAMPTZ)
    GROUP BY checked.institution, checked.service_id
)

SELECT
    service.institution, service.service_id, service.name, service.url, service.agency,
    summary.latest_at,
    summary.latest.is_up AS is_up,
    summary.latest.status AS status,
    summary.latest.error_class AS error_class,
    summary.latest.capture_id AS capture_id,
    summary.last_up_at, summary.last_up_capture_id,
    failing.down_since,
    coalesce(
        failing.failures >= 2
        AND (summary.last_not_failed_at IS NULL
            OR summary.last_not_failed_at <= summary.latest_at - INTERVAL 15 MINUTE),
        FALSE
    ) AS is_down,
    summary.checks_30d, summary.up_30d, summary.days_30d, summary.failed_capture_ids,
    CASE WHEN len(summary.tls_latest) = 2 AND summary.tls_latest[1].tls = summary.tls_latest[2].tls
        THEN summary.tls_latest[1].tls END AS tls,
    summary.tls_latest[1].checked_at AS tls_checked_at,
    summary.tls_latest[1].cert_expires_at AS cert_expires_at,
    summary.tls_latest[1].error_class AS tls_error_class,
    list_transform(summary.tls_latest, entry -> entry.capture_id) AS tls_capture_ids
FROM service
JOIN summary USING (institution, service_id)
LEFT JOIN failing USING (institution, service_id)
