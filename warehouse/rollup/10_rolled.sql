-- How far each service is rolled up now, and what its checks before that still mean after it.
CREATE OR REPLACE TEMP TABLE rolled_now AS
SELECT
    due.institution, due.service_id, due.raw_from, due.rolled_until, $now::TIMESTAMPTZ AS rolled_at,
    least(any_value(due.first_own_at), min(told.checked_at) FILTER (WHERE NOT told.is_before AND NOT told.is_imported))
        AS first_own_at,
    due.time_zone, due.check_holds,
    any_value(known.raw_last_at) AS raw_last_at, any_value(known.raw_last_up) AS raw_last_up,
    any_value(known.raw_outage_at) AS raw_outage_at,
    max(told.checked_at) FILTER (WHERE told.checked_at < due.rolled_until) AS until_last_at,
    (arg_max(struct_pack(is_up := told.is_up), told.checked_at) FILTER (WHERE told.checked_at < due.rolled_until)).is_up
        AS until_last_up,
    (
        arg_max(struct_pack(at := CASE WHEN told.outage_at < due.rolled_until THEN told.outage_at END), told.checked_at)
            FILTER (WHERE told.checked_at < due.rolled_until)
    ).at AS until_outage_at
FROM due
JOIN (SELECT service_no, institution, service_id FROM counted_service) AS service USING (institution, service_id)
JOIN counted_told AS told USING (service_no)
LEFT JOIN core.uptime_rolled AS known USING (institution, service_id)
GROUP BY ALL
