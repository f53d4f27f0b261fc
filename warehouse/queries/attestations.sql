-- Of the institutions named, signed statements on file at $as_of that count by then or, where $is_later, only from a later moment on. A statement
-- counts from its signature, or from the later day on which it takes effect. It is good through the end of its last day, in the institution's own time zone; without a date
-- it lasts for the TTL of attestations. Each row says in words who stated what.
WITH filed AS MATERIALIZED (
    SELECT
        att.*,
        inst.time_zone,
        greatest(att.signed_on, coalesce(att.effective_on, att.signed_on)) AS counts_on,
        att.expires_on + 1 AS ends_on
    FROM (
        FROM core.attestation
        SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) AS wanted USING (institution)
        WHERE instrument = $instrument AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    ) AS att
    JOIN core.institution AS inst
        ON inst.institution = att.institution
        AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
),

-- When each day begins, and how it is written: both are slow, and days are few.
midnight AS MATERIALIZED (
    SELECT time_zone, day, timezone(time_zone, CAST(day AS TIMESTAMP)) AS at, strftime(day, '%d-%m-%Y') AS written
    FROM (
        SELECT time_zone, signed_on AS day FROM filed
        UNION
        SELECT time_zone, counts_on FROM filed
        UNION
        SELECT time_zone, ends_on FROM filed
    ) AS named
)

SELECT
    att.institution,
    att.criterion,
    att.statement,
    att.signer,
    att.capture_id,
    att.file_capture_id,
    epoch_us(signed.at) AS signed_us,
    epoch_us(effective.at) AS since_us,
    epoch_us(coalesce(ends.at, effective.at + fresh.ttl)) AS expires_us,
    ends.at IS NOT NULL AS has_own_expiry,
    concat(
        att.signer,
        CASE WHEN att.signer_role <> '' THEN ' (' || att.signer_role || ')' END,
        CASE att.statement
            WHEN 'terpenuhi' THEN ' menyatakan terpenuhi'
            WHEN 'tidak_terpenuhi' THEN ' menyatakan tidak terpenuhi'
            WHEN 'dicabut' THEN ' mencabut pernyataan'
        END,
        ' pada ', signed.written, ', berkas ', att.file_name,
        CASE WHEN att.scope <> '' THEN ', cakupan: ' || att.scope END
    ) AS reason
FROM filed AS att
JOIN midnight AS signed ON signed.time_zone = att.time_zone AND signed.day = att.signed_on
JOIN midnight AS effective ON effective.time_zone = att.time_zone AND effective.day = att.counts_on
LEFT JOIN midnight AS ends ON ends.time_zone = att.time_zone AND ends.day = att.ends_on
JOIN core.freshness AS fresh
    ON fresh.institution = att.institution AND fresh.kind = 'attestation'
    AND fresh.valid_from <= $as_of AND (fresh.valid_to IS NULL OR fresh.valid_to > $as_of)
WHERE (effective.at > $as_of) = $is_later
ORDER BY att.institution, att.criterion, att.signed_on, att.attestation_key
