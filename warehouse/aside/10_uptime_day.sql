-- What is rolled up, or carried over. Counts of milliseconds of days are looked at only where days are counted anew: else those of their
-- month are (queries/service_sla.sql).
CREATE TABLE aside.core.uptime_day AS
SELECT past.* REPLACE (
    CASE WHEN NOT part.stands THEN past.total_ms END AS total_ms,
    CASE WHEN NOT part.stands THEN past.first_byte_ms END AS first_byte_ms
)
FROM core.uptime_day AS past
LEFT JOIN counted_from AS part USING (institution, service_id)
SEMI JOIN anew ON anew.institution = past.institution
UNION ALL BY NAME
FROM carried_day
