-- What the checks of each service (service_check) say over all of history, as an outage may be old: when it was last what,
-- and the checks that are cited. since_at is the first of the unbroken checks that say what the latest says; number
-- stands for the service where there are many rows of it. A later date joins what came since (merged_service_ever.sql).
WITH ever AS (
    SELECT
        institution, service_id,
        min(checked_at) AS first_at,
        max(checked_at) AS latest_at,
        max(checked_at) FILTER (WHERE is_up) AS last_up_at,
        max(checked_at) FILTER (WHERE is_up IS NULL OR is_up) AS last_not_failed_at,
        max(checked_at) FILTER (WHERE is_up IS NOT TRUE) AS last_not_up_at,
        max(checked_at) FILTER (WHERE is_up IS NOT NULL) AS last_told_at,
        max(checked_at) FILTER (
            WHERE is_https AND tls_ok IS NOT NULL OR NOT is_https AND status IS NOT NULL
        ) AS last_tls_at
    FROM service_check
    GROUP BY institution, service_id
),

cited AS (
    SELECT
        institution, service_id,
        min(past.checked_at) FILTER (WHERE ever.other_at IS NULL OR past.checked_at > ever.other_at) AS since_at,
        any_value(struct_pack(is_up, status, error_class, capture_id)) FILTER (WHERE past.checked_at = ever.latest_at)
            AS latest,
        any_value(struct_pack(capture_id)) FILTER (WHERE past.checked_at = ever.last_up_at) AS last_up,
        any_value(struct_pack(is_https, tls_ok, checked_at, cert_expires_at, error_class, attempts, capture_id))
            FILTER (WHERE past.checked_at = ever.last_tls_at) AS last_tls
    FROM service_check AS past
    JOIN (
        SELECT
            *,
            CASE latest_at
                WHEN last_up_at THEN last_not_up_at
                WHEN last_told_at THEN last_not_failed_at
                ELSE last_told_at
            END AS other_at
        FROM ever
    ) AS ever USING (institution, service_id)
    GROUP BY institution, service_id
)

SELECT (row_number() OVER ())::INTEGER AS number, *
FROM ever
JOIN cited USING (institution, service_id)
