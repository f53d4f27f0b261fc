-- What is known anew.
DELETE FROM core.uptime_rolled AS known USING rolled_now
WHERE rolled_now.institution = known.institution AND rolled_now.service_id = known.service_id
