-- How many checks that were up took how many milliseconds, by service and local day.
SELECT service.institution, service.service_id, took.day, took.kind, took.ms, took.n
FROM (
    SELECT service_no, day, 'total_ms' AS kind, total_ms AS ms, count(*) AS n
    FROM counted_check
    WHERE is_up AND total_ms IS NOT NULL
    GROUP BY service_no, day, total_ms
    UNION ALL
    SELECT service_no, day, 'first_byte_ms', first_byte_ms, count(*)
    FROM counted_check
    WHERE is_up AND first_byte_ms IS NOT NULL
    GROUP BY service_no, day, first_byte_ms
) AS took
JOIN counted_service AS service USING (service_no)
