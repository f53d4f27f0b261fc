-- The checks that are counted one by one, and some that are not: nothing after this looks at others. What is rolled up and
-- what is not are looked for apart: few are not, and only of those all checks are. The moment from which on a service is
-- counted is compared after the join: compared in it, each check takes ten times as long.
WITH past AS NOT MATERIALIZED (
    SELECT
        institution, service_id, checked_at, source != 'layanan' AS is_imported,
        CASE WHEN error_class IS DISTINCT FROM 'own_outage' THEN is_up END AS is_up,
        total_ms, first_byte_ms, loaded_at, capture_id
    FROM core.uptime_check
    WHERE checked_at <= $as_of
)

SELECT service.service_no, past.* EXCLUDE (institution, service_id)
FROM past
JOIN (FROM counted_service WHERE counted_from IS NOT NULL) AS service USING (institution, service_id)
WHERE past.checked_at >= (SELECT min(counted_from) FROM counted_service)
    AND epoch_us(past.checked_at) - epoch_us(service.counted_from) >= 0
UNION ALL
SELECT service.service_no, past.* EXCLUDE (institution, service_id)
FROM past
JOIN (FROM counted_service WHERE counted_from IS NULL) AS service USING (institution, service_id)
WHERE past.service_id IN (SELECT service_id FROM counted_service WHERE counted_from IS NULL)
