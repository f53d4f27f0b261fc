-- From when on the checks of each service are still there, and when others went.
UPDATE core.uptime_rolled AS rolled
SET raw_from = forgotten.raw_to, rolled_at = $now, raw_last_at = forgotten.last_at, raw_last_up = forgotten.last_up,
    raw_outage_at = forgotten.outage_at
FROM forgotten
WHERE forgotten.institution = rolled.institution AND forgotten.service_id = rolled.service_id
