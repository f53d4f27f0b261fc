-- What is rolled up, or carried over.
CREATE TABLE aside.core.uptime_month AS FROM core.uptime_month SEMI JOIN anew USING (institution)
UNION ALL BY NAME
FROM carried_month
