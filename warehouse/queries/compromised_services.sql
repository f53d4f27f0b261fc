-- Services whose page carries gambling spam at $as_of. The name of the perangkat daerah is for the message.
SELECT
    state.institution, state.service_id, state.name, coalesce(agency.name, state.agency) AS agency,
    state.compromised_since AS since, coalesce(state.compromise_evidence, 'tanpa kutipan') AS evidence
FROM service_compromise AS state
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.is_compromised
ORDER BY state.institution, state.service_id
