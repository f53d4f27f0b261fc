-- Services whose page suddenly became another at $as_of. Those with gambling spam are told as such instead.
SELECT
    state.institution, state.service_id, state.name, coalesce(agency.name, state.agency) AS agency,
    state.changed_after AS since, state.is_replaced, state.evidence
FROM service_change AS state
ANTI JOIN (FROM service_compromise WHERE is_compromised) AS taken
    ON taken.institution = state.institution AND taken.service_id = state.service_id
LEFT JOIN core.agency AS agency
    ON agency.institution = state.institution AND agency.agency = state.agency
    AND agency.valid_from <= $as_of AND (agency.valid_to IS NULL OR agency.valid_to > $as_of)
WHERE state.is_changed
ORDER BY state.institution, state.service_id
