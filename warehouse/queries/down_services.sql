-- Services that are down at $as_of. Nobody is woken for one in maintenance, nor for each turn of one that is
-- unstable. The name of the perangkat daerah is for the message.
SELECT
    state.institution, state.service_id, state.name, coalesce(agency.name, state.agency) AS agency,
    state.down_since, coalesce(state.fault, 'sebab tidak dikenal') AS fault
FROM service_state AS state
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.is_down AND NOT state.is_in_maintenance AND NOT state.is_flapping
ORDER BY state.institution, state.service_id
