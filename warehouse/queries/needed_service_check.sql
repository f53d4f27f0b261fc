-- Of the model service_check, what states of later dates can ask of it: checks of the day in which the 30 days begin.
SELECT past.*
FROM service_check AS past
JOIN (SELECT institution, service_id, latest_at - INTERVAL 744 HOUR AS needed_from FROM service_ever) AS ever
    USING (institution, service_id)
WHERE past.checked_at > ever.needed_from
