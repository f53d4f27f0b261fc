-- Service levels of the months before, and of their days.
SELECT past.*
FROM published.core.service_sla AS past
JOIN kept ON kept.institution = past.institution
WHERE past.starts_on < kept.month_from
