-- Made-up uptime checks of many services, one each five minutes. See warehouse_queries.py.

INSERT INTO core.service BY NAME
SELECT
    $institution AS institution, 'panjang-' || s AS service_id, 'Layanan panjang ' || s AS name,
    'https://panjang-' || s || '.kota.go.id/' AS url, 'opd-' || (s % 30) AS agency,
    $start - INTERVAL 1 DAY AS valid_from
FROM range($services) AS t (s)
WHERE NOT EXISTS (FROM core.service WHERE service_id = 'panjang-0');

CREATE OR REPLACE TEMP TABLE made AS
SELECT
    *, 'panjang-' || s AS service_id, $start + to_seconds(300 * c) + to_milliseconds(s * 37 + hash(s, c) % 900) AS checked_at,
    hash(s, c // 12) % 251 != 0 AND hash(c, s) % 997 != 0 AS is_up, hash(s, c, 1) % 1999 = 0 AS is_blocked,
    round(40 + hash(s) % 300 + sqrt(hash(c, s, 2) % 90000) + (hash(c, s, 3) % 1000) / 1000, 3) AS total_ms
FROM range($checks) AS u (c), range($services) AS t (s);

INSERT INTO core.uptime_check BY NAME
SELECT
    $institution AS institution, service_id, 'https://' || service_id || '.kota.go.id/' AS url, checked_at,
    CASE WHEN NOT is_blocked THEN is_up END AS is_up, CASE WHEN is_blocked THEN 429 WHEN is_up THEN 200 END AS status,
    CASE WHEN is_blocked THEN 'blocked' WHEN NOT is_up THEN 'timeout' END AS error_class,
    CASE WHEN NOT is_up THEN 'Operation timed out after 10000 milliseconds' END AS error_message,
    round(total_ms * 0.05, 3) AS dns_ms, round(total_ms * 0.2, 3) AS connect_ms, round(total_ms * 0.4, 3) AS tls_ms,
    round(total_ms * 0.8, 3) AS first_byte_ms, CASE WHEN is_up THEN total_ms ELSE 10000 END AS total_ms,
    CASE WHEN is_up THEN 1 ELSE 2 END AS attempts, TRUE AS is_https, is_up AS tls_ok,
    date_trunc('month', $start) + INTERVAL 90 DAY AS cert_expires_at, 'CN=R10,O=Let''s Encrypt,C=US' AS cert_issuer,
    'urn:uuid:' || md5(c::VARCHAR || $start::VARCHAR) AS capture_id, $start + to_seconds(300 * c + 60) AS loaded_at,
    'layanan' AS source, 'HTTP/2' AS http_version, '["https://' || service_id || '.kota.go.id/"]' AS redirect_chain,
    '["*.kota.go.id"]' AS cert_names, TRUE AS hsts, '["x-frame-options","content-security-policy"]' AS security_headers,
    'Layanan ' || s || ' Pemerintah Kota' AS page_title, 'id' AS language, CASE WHEN is_up THEN FALSE END AS is_compromised,
    '["cdn.jsdelivr.net","fonts.googleapis.com","/berita","/profil","/layanan"]' AS linked
FROM made;

INSERT INTO raw.uptime_check BY NAME
SELECT past.* EXCLUDE (loaded_at, source), md5(capture_id) AS entry_id, past.source, past.checked_at AS captured_at,
    past.loaded_at, past.url AS final_url, 0 AS position
FROM core.uptime_check AS past
WHERE past.service_id LIKE 'panjang-%' AND past.checked_at >= $start
