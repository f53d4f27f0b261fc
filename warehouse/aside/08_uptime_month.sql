-- What is rolled up.
CREATE TABLE aside.core.uptime_month AS FROM core.uptime_month
