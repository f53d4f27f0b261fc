-- Services that keep changing between up and down at $as_of, outside maintenance, with the event under which that
-- was told where it was the last thing told of them.
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
    state.flapping_since AS since, state.turns,
    CASE WHEN told.last.kind = 'service_unstable' THEN told.last.event_key END AS told_key
FROM service_state AS state
LEFT JOIN told USING (institution, service_id)
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.is_flapping AND NOT state.is_in_maintenance
ORDER BY state.institution, state.service_id
