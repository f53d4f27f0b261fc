-- Of the model service_per_day, what states of later dates can ask of it, one row for each day, whatever dates added to it.
SELECT
    number, past.day, sum(past.checks)::BIGINT AS checks, sum(past.up)::BIGINT AS up, 1 AS days,
    min(past.first_at) AS first_at, max(past.last_at) AS last_at
FROM service_per_day AS past
JOIN (SELECT number, latest_at - INTERVAL 744 HOUR AS needed_from FROM service_ever) AS ever USING (number)
WHERE past.last_at > ever.needed_from
GROUP BY number, past.day
