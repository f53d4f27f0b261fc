-- What the checks of each service before then still mean after it (rollup/10_rolled.sql).
SELECT
    any_value(institution) AS institution, any_value(service_id) AS service_id,
    least(any_value(part.first_own_at), min(told.checked_at) FILTER (WHERE NOT told.is_before AND NOT told.is_imported))
        AS first_own_at,
    any_value(kept.rolled_until) AS rolled_until, any_value(kept.day_until) AS day_from,
    max(told.checked_at) FILTER (WHERE told.checked_at < kept.rolled_until) AS last_at,
    (arg_max(struct_pack(is_up := told.is_up), told.checked_at) FILTER (WHERE told.checked_at < kept.rolled_until)).is_up
        AS last_up,
    (
        arg_max(struct_pack(at := CASE WHEN told.outage_at < kept.rolled_until THEN told.outage_at END), told.checked_at)
            FILTER (WHERE told.checked_at < kept.rolled_until)
    ).at AS outage_at
FROM counted_told AS told
JOIN (SELECT service_no, institution, service_id FROM counted_service) AS service USING (service_no)
JOIN kept USING (institution)
LEFT JOIN counted_from AS part USING (institution, service_id)
GROUP BY told.service_no
HAVING min(told.checked_at) < any_value(kept.rolled_until)
