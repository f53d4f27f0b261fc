-- Services whose last news was that they are down or unstable, and that at $as_of are up and stable.
WITH told AS (
    SELECT
        institution, split_part(event_key, ':', 3) AS service_id,
        arg_max(struct_pack(kind, event_key), (created_at, ordinal)) AS last
    FROM ops.outbox
    WHERE kind IN ('service_down', 'service_unstable', 'service_recovered')
    GROUP BY ALL
)

SELECT
    state.institution, state.service_id, state.name, coalesce(agency.name, state.agency) AS agency,
    coalesce(state.turned_at, state.last_up_at) AS up_since,
    told.last.event_key AS told_key
FROM service_state AS state
JOIN told USING (institution, service_id)
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.is_up AND NOT state.is_flapping AND told.last.kind != 'service_recovered'
ORDER BY state.institution, state.service_id
