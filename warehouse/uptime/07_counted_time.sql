-- How many checks that were up took how many milliseconds, by service and local day.
SELECT institution, service_id, day, 'total_ms' AS kind, total_ms AS ms, count(*) AS n
FROM counted_check
WHERE is_up AND total_ms IS NOT NULL
GROUP BY ALL
UNION ALL
SELECT institution, service_id, day, 'first_byte_ms', first_byte_ms, count(*)
FROM counted_check
WHERE is_up AND first_byte_ms IS NOT NULL
GROUP BY ALL
