-- The checks of counted_told outside maintenance, by local day, in whole milliseconds.
SELECT
    told.service_no, told.checked_at, told.is_up, told.is_imported, told.day,
    round(told.total_ms)::INTEGER AS total_ms, round(told.first_byte_ms)::INTEGER AS first_byte_ms
FROM counted_told AS told
ANTI JOIN (
    SELECT service.service_no, part.starts_at, part.ends_at
    FROM service_window AS part
    JOIN counted_service AS service USING (institution, service_id)
    WHERE part.ends_at > (SELECT min(checked_at) FROM counted_told)
) AS gap
    ON gap.service_no = told.service_no AND told.checked_at >= gap.starts_at AND told.checked_at < gap.ends_at
WHERE NOT told.is_before
