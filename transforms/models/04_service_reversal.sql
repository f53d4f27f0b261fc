-- Checks that say another of a service (by its number in service_ever), up or down, than the one before that could tell (at
-- after_at): those that its state can ask for, which are of the 31 days before it was last up, or since. Where no check
-- failed then there is none.
WITH of_late AS (
    SELECT ever.number, past.checked_at, past.is_up
    FROM service_check AS past
    JOIN (
        SELECT institution, service_id, any_value(number) AS number, any_value(reversed_from) AS reversed_from
        FROM (FROM service_check WHERE NOT is_up) AS failed
        JOIN (
            SELECT institution, service_id, number, last_up_at - INTERVAL 744 HOUR AS reversed_from FROM service_ever
        ) AS ever USING (institution, service_id)
        WHERE failed.checked_at > ever.reversed_from
        GROUP BY institution, service_id
    ) AS ever USING (institution, service_id)
    WHERE past.is_up IS NOT NULL AND past.checked_at > ever.reversed_from
)

SELECT number, checked_at, lag(checked_at) OVER of_service AS after_at
FROM of_late
WINDOW of_service AS (PARTITION BY number ORDER BY checked_at)
QUALIFY lag(is_up) OVER of_service != is_up
