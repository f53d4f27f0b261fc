-- Checks of each service (by its number in service_ever) that failed, as far as its state can ask for them: in the 30 days before
-- the latest, since it was last up, and since it last had not failed.
SELECT ever.number, past.checked_at, past.attempts, past.capture_id
FROM (FROM service_check WHERE NOT is_up) AS past
JOIN (
    SELECT
        institution, service_id, number,
        least(latest_at - INTERVAL 720 HOUR, last_up_at, coalesce(last_not_failed_at, first_at)) AS needed_from
    FROM service_ever
) AS ever USING (institution, service_id)
WHERE past.checked_at >= ever.needed_from
