-- Hours that are old enough to go: of them the days stay.
DELETE FROM core.uptime_hour WHERE institution = $institution AND hour_at < $hours_from
