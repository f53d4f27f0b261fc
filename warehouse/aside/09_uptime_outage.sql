-- What is rolled up, or carried over.
CREATE TABLE aside.core.uptime_outage AS FROM core.uptime_outage SEMI JOIN anew USING (institution)
UNION ALL BY NAME
FROM carried_outage
