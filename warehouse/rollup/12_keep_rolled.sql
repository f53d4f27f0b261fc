-- How far each service is rolled up.
INSERT INTO core.uptime_rolled BY NAME FROM rolled_now ORDER BY service_id
