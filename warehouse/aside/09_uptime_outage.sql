-- What is rolled up.
CREATE TABLE aside.core.uptime_outage AS FROM core.uptime_outage
