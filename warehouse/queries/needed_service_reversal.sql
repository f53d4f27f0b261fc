-- Of the model service_reversal, what states of later dates can ask of it: what they ask for begins ever later.
SELECT past.*
FROM service_reversal AS past
JOIN (
    SELECT number, least(latest_at - INTERVAL 720 HOUR, last_up_at, coalesce(last_not_failed_at, first_at)) AS needed_from
    FROM service_ever
) AS ever USING (number)
WHERE past.after_at >= ever.needed_from
