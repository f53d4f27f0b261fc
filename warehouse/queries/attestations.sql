-- Of the institutions named, signed statements on file at $as_of that count by then or, where $is_later, only from a later moment on. A statement
-- counts from its signature, or from the later day on which it takes effect. It is good through the end of its last day, in the institution's own time zone; without a date
-- it lasts for the TTL of attestations.
WITH attested AS (
    SELECT
        att.*,
        timezone(inst.time_zone, CAST(att.signed_on AS TIMESTAMP)) AS signed_at,
        timezone(
            inst.time_zone, CAST(greatest(att.signed_on, coalesce(att.effective_on, att.signed_on)) AS TIMESTAMP)
        ) AS effective_at,
        timezone(inst.time_zone, CAST(att.expires_on + 1 AS TIMESTAMP)) AS ends_at
    FROM (
        FROM core.attestation
        SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) AS wanted USING (institution)
        WHERE instrument = $instrument AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    ) AS att
    JOIN core.institution AS inst
        ON inst.institution = att.institution
        AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
)
SELECT
    att.institution, att.criterion, att.statement, att.signer, att.signer_role, att.signed_on, att.effective_on,
    att.scope, att.file_name, att.capture_id, att.file_capture_id, epoch_us(att.signed_at) AS signed_us,
    epoch_us(att.effective_at) AS since_us,
    att.ends_at IS NOT NULL AS has_own_expiry,
    epoch_us(coalesce(att.ends_at, att.effective_at + fresh.ttl)) AS expires_us
FROM attested AS att
JOIN core.freshness AS fresh
    ON fresh.institution = att.institution AND fresh.kind = 'attestation'
    AND fresh.valid_from <= $as_of AND (fresh.valid_to IS NULL OR fresh.valid_to > $as_of)
WHERE (att.effective_at > $as_of) = $is_later
ORDER BY att.institution, att.criterion, att.signed_on, att.attestation_key
