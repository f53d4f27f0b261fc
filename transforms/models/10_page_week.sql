-- Readings of our own of a service's page, by its number (page_ever): one row for those of a week that show the same.
SELECT
    ever.number, reading.title, reading.language, reading.linked, reading.week, reading.days, reading.readings,
    reading.first_at, reading.last_at, reading.last
FROM page_reading AS reading
JOIN page_ever AS ever USING (institution, service_id)
WHERE reading.is_own
