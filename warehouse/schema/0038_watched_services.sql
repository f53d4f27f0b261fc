-- How many services of its agency a level's period has: told with each level, so that the marts need not count them at
-- every read.
ALTER TABLE core.service_sla ADD COLUMN services BIGINT;
