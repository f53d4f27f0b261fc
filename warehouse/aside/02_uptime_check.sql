-- The checks that are counted one by one, and those that tell states; only the columns that either looks at.
CREATE TABLE aside.core.uptime_check AS
SELECT
    past.institution, past.service_id, past.source, past.checked_at, past.loaded_at, past.capture_id, past.is_up,
    past.status, past.error_class, past.attempts, past.is_https, past.tls_ok, past.cert_expires_at, past.total_ms,
    past.first_byte_ms
FROM core.uptime_check AS past
LEFT JOIN counted_from AS part USING (institution, service_id)
LEFT JOIN (SELECT *, TRUE AS is_telling FROM telling_check) AS telling USING (institution, service_id, checked_at)
WHERE part.counted_from IS NULL OR past.checked_at >= part.counted_from OR telling.is_telling
