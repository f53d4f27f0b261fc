-- Made-up evidence of many institutions over some days, and of the year before. See score_many.py. Every day legal
-- products and statements come and go, statements run out, sources fail, services go down and come back.

CREATE TEMP TABLE place AS
SELECT 'kota-' || lpad(n::VARCHAR, 4, '0') AS institution, n FROM range($institutions) AS t (n);

INSERT INTO core.institution BY NAME
SELECT
    institution, 'Kota ' || n AS name, 'kota' AS kind, 'Asia/Jakarta' AS time_zone, 'spbe-2020' AS instrument,
    0.01 AS min_drop, 30 AS evidence_days, INTERVAL 15 MINUTE AS down_after,
    $first - INTERVAL 400 DAY AS valid_from
FROM place;

INSERT INTO core.freshness BY NAME
SELECT
    institution, kind, to_days(ttl) AS ttl, to_days(grace) AS grace, $first - INTERVAL 400 DAY AS valid_from
FROM place, (VALUES
    ('regulation', 3, 30), ('uptime', 2, 3), ('application', 45, 90), ('attestation', 365, 30)
) AS t (kind, ttl, grace);

-- Sources run daily; of one institution in twenty they fail for a week.
INSERT INTO core.observation BY NAME
SELECT
    institution, source, $first - INTERVAL 5 HOUR + to_days((d - 10)::INTEGER) AS observed_at,
    (n + d // 7) % 20 != 0 AS is_ok, 'tidak menjawab' AS message, 1 AS row_count
FROM place, (VALUES ('jdih'), ('registri')) AS t (source), range($days + 10) AS v (d);

-- 60 legal products each, up to 12 of them on topics that the rules know, one in 17 repealed; one in 6 is listed first,
-- one in 29 for the last time on some day of the year.
INSERT INTO core.regulation BY NAME
WITH product AS (SELECT * FROM place, range(60) AS t (r)),

title AS (
    SELECT unnest($titles) AS title, unnest(range(len($titles))) AS r
)

SELECT
    institution, 'jdih' AS source, 'perkada/' || (2010 + r % 15) || '/' || r AS regulation_key,
    'perkada' AS type_code, 'Peraturan Wali Kota' AS type_name, r::VARCHAR AS number, 2010 + r % 15 AS year,
    coalesce(title.title || ' Kota ' || n, 'Penyelenggaraan Urusan Daerah ' || (n * 60 + r)) AS title,
    lower(coalesce(title.title || ' Kota ' || n, 'Penyelenggaraan Urusan Daerah ' || (n * 60 + r))) AS title_norm,
    CASE WHEN (n + r) % 17 = 0 THEN 'dicabut' ELSE 'berlaku' END AS status, '[]' AS relations,
    'c-jdih-' || n AS capture_id,
    $first + to_days(CASE WHEN r % 6 = 5 THEN ((n * 7 + r * 13) % 365)::INTEGER ELSE -30 END) AS valid_from,
    CASE WHEN (n + r) % 29 = 0 THEN $first + to_days(((n * 5 + r * 11) % 365)::INTEGER) + INTERVAL 365 DAY * (r % 6 // 5) END
        AS valid_to
FROM product
LEFT JOIN title USING (r);

INSERT INTO core.application BY NAME
SELECT
    institution, 'registri' AS source, 'aplikasi ' || a AS application_key, 'Aplikasi ' || a AS name,
    'diskominfo' AS agency, 'aktif' AS status, 'khusus' AS kind, a % 3 != 0 AS is_integrated,
    'c-registri-' || n AS capture_id, $first - INTERVAL 400 DAY AS valid_from
FROM place, range(5) AS t (a);

-- 100 statements each, one in 31 a withdrawal, that run out over the next 500 days. One in 5 is handed in on some day of
-- the year, one in 23 taken back on one.
INSERT INTO core.attestation BY NAME
WITH criterion AS (SELECT unnest($criteria) AS criterion, unnest(range(len($criteria))) AS k)

SELECT
    institution, 'atestasi' AS source, criterion AS attestation_key, 'spbe-2020' AS instrument, criterion,
    CASE WHEN (n + k) % 31 = 0 THEN 'dicabut' ELSE 'terpenuhi' END AS statement, 'Kepala Diskominfo' AS signer,
    ($first - to_days((1 + (n * 3 + k * 5) % 330)::INTEGER))::DATE AS signed_on, 'bukti.pdf' AS file_name,
    'c-atestasi-' || n AS capture_id, 'c-berkas-' || n || '-' || k AS file_capture_id,
    ($first + to_days(((n * 11 + k * 17) % 500)::INTEGER))::DATE AS expires_on,
    $first + to_days(CASE WHEN k % 5 = 0 THEN ((n * 13 + k * 29) % 365)::INTEGER ELSE -400 END) AS valid_from,
    CASE WHEN (n + k) % 23 = 0 THEN $first + to_days(((n * 17 + k * 7) % 365)::INTEGER) + INTERVAL 365 DAY * (k % 5 = 0)::INTEGER END
        AS valid_to
FROM place, criterion
WHERE (n + k * 7) % len($criteria) < 100;

-- 20 services each, checked once a day, 16 of which show a function; now and then one is down for three days.
INSERT INTO core.service BY NAME
SELECT
    institution, 'layanan-' || s AS service_id, 'Layanan ' || s AS name,
    'https://layanan-' || s || '.kota.go.id/' AS url, 'diskominfo' AS agency,
    $first - INTERVAL 400 DAY AS valid_from
FROM place, range(20) AS t (s);

INSERT INTO core.service_shows BY NAME
SELECT
    institution, 'layanan-' || (s - 32) AS service_id, s::VARCHAR AS indicator,
    CASE WHEN (n + s) % 2 = 0 THEN 'transaksi' ELSE 'interaksi' END AS function,
    $first - INTERVAL 400 DAY AS valid_from
FROM place, range(32, 48) AS t (s);

INSERT INTO core.uptime_check BY NAME
WITH checked AS (
    SELECT *, (n * 31 + s * 17 + d // 3) % 97 != 0 AS is_up
    FROM place, range(20) AS t (s), range($days + 2) AS v (d)
)

SELECT
    institution, 'layanan-' || s AS service_id, 'u' AS url, is_up,
    $first - INTERVAL 1 HOUR + to_days((d - 2)::INTEGER) AS checked_at,
    CASE WHEN is_up THEN 200 END AS status, CASE WHEN NOT is_up THEN 'timeout' END AS error_class, 2 AS attempts,
    TRUE AS is_https, CASE WHEN is_up THEN TRUE END AS tls_ok, FALSE AS is_compromised, 'layanan' AS source,
    'c-' || n || '-' || s || '-' || d AS capture_id
FROM checked;
