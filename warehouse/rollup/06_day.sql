-- Days that are over, from checks counted one by one.
INSERT INTO core.uptime_day BY NAME
SELECT part.*, took.total_ms, took.first_byte_ms
FROM counted_day AS part
JOIN due USING (institution, service_id)
LEFT JOIN (
    SELECT
        service.institution, service.service_id, day,
        list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE is_total) AS total_ms,
        list(struct_pack(ms, n := n::INTEGER) ORDER BY ms) FILTER (WHERE NOT is_total) AS first_byte_ms
    FROM counted_time
    JOIN counted_service AS service USING (service_no)
    GROUP BY service.institution, service.service_id, day
) AS took USING (institution, service_id, day)
WHERE part.day < due.day_until
ORDER BY part.day, part.service_id
