-- How many checks that were up took how many milliseconds, by service (its number in counted_service) and local day: in all, and
-- until the first byte came.
SELECT service_no, day, TRUE AS is_total, total_ms AS ms, count(*) AS n
FROM counted_check
WHERE is_up AND total_ms IS NOT NULL
GROUP BY service_no, day, total_ms
UNION ALL
SELECT service_no, day, FALSE, first_byte_ms, count(*)
FROM counted_check
WHERE is_up AND first_byte_ms IS NOT NULL
GROUP BY service_no, day, first_byte_ms
