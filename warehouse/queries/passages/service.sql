-- Checks of the services that a reason names; where it names none ("Semua 12 layanan"), the first few of the batch.
WITH watched AS (
    SELECT
        cited.*, service.service_id, service.name, service.expect_text,
        ends_with(cited.reason, service.name) OR list_bool_or(list_transform(
            [':', ' (', ', ', ' mati', ' sejak', ' hidup', ' menyala'],
            mark -> contains(cited.reason, service.name || mark)
        )) AS is_named
    FROM cited_evidence AS cited
    JOIN core.service AS service
        ON service.institution = cited.institution
        AND service.valid_from <= cited.as_of AND (service.valid_to IS NULL OR service.valid_to > cited.as_of)
),

-- A capture may hold the checks of all services: only those few that are told are looked at whole.
checked AS (
    SELECT
        watched.score_id, watched.criterion, watched.institution, watched.capture_id, watched.name,
        watched.service_id, watched.is_named, watched.expect_text, past.is_up, past.checked_at
    FROM watched
    JOIN core.uptime_check AS past
        ON past.institution = watched.institution AND past.capture_id = watched.capture_id
        AND past.service_id = watched.service_id
    WHERE past.checked_at <= watched.as_of
),

named AS (
    SELECT score_id, criterion, bool_or(is_named) AS is_any_named FROM checked GROUP BY score_id, criterion
),

few AS (
    SELECT checked.* EXCLUDE (is_named, is_up)
    FROM checked
    JOIN named USING (score_id, criterion)
    WHERE checked.is_named OR NOT named.is_any_named
    QUALIFY row_number() OVER (
        PARTITION BY score_id, criterion, capture_id
        ORDER BY coalesce(is_up, FALSE), name, service_id, checked_at
    ) <= 3
),

told AS (
    SELECT few.score_id, few.criterion, few.name, few.expect_text, past.*
    FROM few
    JOIN core.uptime_check AS past USING (institution, capture_id, service_id, checked_at)
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
