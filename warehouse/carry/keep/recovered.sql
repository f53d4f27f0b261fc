-- When each service was up again since it was last not.
SELECT institution, service_id, last.last_not_up_at, recovered.checked_at
FROM recovered
JOIN last_check AS last USING (institution, service_id)
