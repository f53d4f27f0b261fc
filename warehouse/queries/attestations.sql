-- Signed statements on file at $as_of. A statement is good through the end of its last day, in the
-- institution's own time zone; without a date it lasts for the TTL of attestations.
SELECT
    att.institution, att.criterion, att.statement, att.signer, att.signer_role, att.signed_on, att.scope,
    att.file_name, att.capture_id, att.file_capture_id,
    timezone(inst.time_zone, CAST(att.signed_on AS TIMESTAMP)) AS signed_at,
    coalesce(
        timezone(inst.time_zone, CAST(att.expires_on + 1 AS TIMESTAMP)),
        timezone(inst.time_zone, CAST(att.signed_on AS TIMESTAMP)) + fresh.ttl
    ) AS expires_at
FROM core.attestation AS att
JOIN core.institution AS inst
    ON inst.institution = att.institution
    AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
JOIN core.freshness AS fresh
    ON fresh.institution = att.institution AND fresh.kind = 'attestation'
    AND fresh.valid_from <= $as_of AND (fresh.valid_to IS NULL OR fresh.valid_to > $as_of)
WHERE att.instrument = $instrument
  AND att.valid_from <= $as_of AND (att.valid_to IS NULL OR att.valid_to > $as_of)
  AND timezone(inst.time_zone, CAST(att.signed_on AS TIMESTAMP)) <= $as_of
ORDER BY att.institution, att.criterion, att.signed_on, att.attestation_key
