-- Institutions of which what is asked besides probes may be other at $as_of than it was at $before: whose file or
-- statements have a version that begins or ends between the two, or a day that begins between them, where the
-- institution is (official levels: in UTC). Reads the model institution_current as of $as_of.
-- is_of_statements: only what they state may be other.
WITH version AS (
    SELECT institution, valid_from, valid_to, NULL::DATE AS day, FALSE AS is_statement FROM core.institution
    UNION ALL
    SELECT institution, valid_from, valid_to, NULL, FALSE FROM core.freshness
    UNION ALL
    SELECT institution, valid_from, valid_to, decided_on, FALSE FROM core.official_level
    UNION ALL
    SELECT institution, valid_from, valid_to, decided_on, FALSE FROM core.external_index
    UNION ALL
    SELECT institution, valid_from, valid_to, greatest(signed_on, coalesce(effective_on, signed_on)), TRUE
    FROM core.attestation
)

SELECT version.institution, bool_and(version.is_statement) AS is_of_statements
FROM version
JOIN institution_current AS inst USING (institution)
WHERE (version.valid_from > $before AND version.valid_from <= $as_of)
    OR (version.valid_to > $before AND version.valid_to <= $as_of)
    OR (version.day > CAST($before AS DATE) AND version.day <= CAST($as_of AS DATE))
    OR (
        -- First what is cheap: no place is more than a day from UTC.
        version.day BETWEEN CAST($before AS DATE) - 1 AND CAST($as_of AS DATE) + 1
        AND timezone(inst.time_zone, CAST(version.day AS TIMESTAMP)) > $before
        AND timezone(inst.time_zone, CAST(version.day AS TIMESTAMP)) <= $as_of
    )
GROUP BY version.institution
