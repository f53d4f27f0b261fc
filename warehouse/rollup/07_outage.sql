-- What outages took of days that are over.
INSERT INTO core.uptime_outage BY NAME
SELECT part.*
FROM counted_outage AS part
JOIN due USING (institution, service_id)
WHERE part.day < due.day_until
ORDER BY part.day, part.service_id, part.outage_at
