-- What the institution's file says of alerts (alerts, services_cadence): by how many days something is told before it runs
-- out, and how long each cadence may stand still. What older files, which could not say it, had is what one has that says
-- nothing.
ALTER TABLE core.institution ADD COLUMN evidence_days INTEGER;
ALTER TABLE core.institution ADD COLUMN tls_days INTEGER[];
ALTER TABLE core.institution ADD COLUMN services_cadence VARCHAR;
ALTER TABLE core.institution ADD COLUMN silent_services INTERVAL;
ALTER TABLE core.institution ADD COLUMN silent_listings INTERVAL;
ALTER TABLE core.institution ADD COLUMN silent_registry INTERVAL;
UPDATE core.institution SET
    evidence_days = 30, tls_days = [14, 3], services_cadence = 'services',
    silent_services = INTERVAL 2 HOUR, silent_listings = INTERVAL 26 HOUR, silent_registry = INTERVAL 26 HOUR;
