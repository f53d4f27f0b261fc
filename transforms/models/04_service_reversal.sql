-- Checks that say another of a service, up or down, than the one before that could tell (at after_at): those that its state
-- can ask for, which are of the 31 days before it was last up, or since. Where no check failed then there is none.
WITH of_late AS (
    SELECT past.institution, past.service_id, past.checked_at, past.is_up
    FROM service_check AS past
    JOIN (
        SELECT DISTINCT failed.institution, failed.service_id, ever.last_up_at
        FROM (FROM service_check WHERE NOT is_up) AS failed
        JOIN service_ever AS ever USING (institution, service_id)
        WHERE failed.checked_at > ever.last_up_at - INTERVAL 31 DAY
    ) AS ever USING (institution, service_id)
    WHERE past.is_up IS NOT NULL AND past.checked_at > ever.last_up_at - INTERVAL 31 DAY
)

SELECT institution, service_id, checked_at, lag(checked_at) OVER of_service AS after_at
FROM of_late
WINDOW of_service AS (PARTITION BY institution, service_id ORDER BY checked_at)
QUALIFY lag(is_up) OVER of_service != is_up
