-- Checks of the services that a reason names; where it names none ("Semua 12 layanan"), the first few of the batch.
WITH checked AS (
    SELECT
        cited.*, past.* EXCLUDE (institution, capture_id, loaded_at),
        watched.name, watched.expect_text,
        ends_with(cited.reason, watched.name) OR list_bool_or(list_transform(
            [':', ' (', ', ', ' mati', ' sejak', ' hidup', ' menyala'],
            mark -> contains(cited.reason, watched.name || mark)
        )) AS is_named
    FROM cited_evidence AS cited
    JOIN core.uptime_check AS past
        ON past.institution = cited.institution AND past.capture_id = cited.capture_id
    JOIN core.service AS watched
        ON watched.institution = past.institution AND watched.service_id = past.service_id
        AND watched.valid_from <= cited.as_of AND (watched.valid_to IS NULL OR watched.valid_to > cited.as_of)
    WHERE past.checked_at <= cited.as_of
),

told AS (
    SELECT *
    FROM checked
    QUALIFY is_named OR NOT bool_or(is_named) OVER (PARTITION BY score_id, criterion)
)

SELECT
    score_id, institution, criterion, capture_id, 'service' AS kind,
    name AS subject,
    CASE WHEN is_up THEN 'hidup' WHEN NOT is_up THEN 'mati' ELSE 'belum dapat dipastikan' END AS status,
    NULL::DATE AS dated,
    checked_at AS happened_at,
    url AS address,
    concat_ws(
        '; ',
        CASE WHEN is_up THEN 'hidup' WHEN NOT is_up THEN 'mati' ELSE 'belum dapat dipastikan' END,
        'HTTP ' || status, 'galat: ' || error_class,
        CASE
            WHEN NOT is_https THEN 'tanpa HTTPS'
            WHEN NOT tls_ok THEN 'sertifikat tidak sah'
            WHEN tls_ok THEN 'sertifikat sah' || coalesce(' sampai ' || hari(cert_expires_at), '')
        END,
        'judul halaman: ' || nullif(page_title, ''),
        CASE WHEN text_found THEN 'teks ditemukan: ' ELSE 'teks belum ditemukan: ' END
            || CASE WHEN text_found IS NOT NULL THEN expect_text END,
        'penyusupan: ' || CASE WHEN is_compromised THEN compromise_evidence END,
        'waktu: ' || nullif(concat_ws(
            ', ', 'dns ' || round(dns_ms)::INTEGER || ' ms', 'sambung ' || round(connect_ms)::INTEGER || ' ms',
            'TLS ' || round(tls_ms)::INTEGER || ' ms', 'bita pertama ' || round(first_byte_ms)::INTEGER || ' ms',
            'seluruhnya ' || round(total_ms)::INTEGER || ' ms'
        ), '')
    ) AS words
FROM told
QUALIFY row_number() OVER (
    PARTITION BY score_id, criterion, capture_id ORDER BY coalesce(is_up, FALSE), name, service_id, checked_at
) <= 3
