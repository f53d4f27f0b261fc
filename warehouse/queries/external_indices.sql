-- The last value of each external index decided by $as_of. It is good through the end of its last day, in the
-- institution's own time zone, where it has one.
SELECT
    known.institution, known.index_id, known.year, known.value, known.citation, known.capture_id,
    known.decided_on, known.expires_on,
    timezone(inst.time_zone, CAST(known.decided_on AS TIMESTAMP)) AS observed_at,
    timezone(inst.time_zone, CAST(known.expires_on + 1 AS TIMESTAMP)) AS expires_at
FROM core.external_index AS known
JOIN core.institution AS inst
    ON inst.institution = known.institution
    AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
WHERE known.valid_from <= $as_of AND (known.valid_to IS NULL OR known.valid_to > $as_of)
  AND timezone(inst.time_zone, CAST(known.decided_on AS TIMESTAMP)) <= $as_of
QUALIFY row_number() OVER (
    PARTITION BY known.institution, known.index_id ORDER BY known.decided_on DESC, known.year DESC, known.value
) = 1
