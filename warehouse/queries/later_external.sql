-- Values of external indices that are on file at $as_of and decided on a later day, the last one to count last.
SELECT
    known.institution, known.index_id, known.year, known.value, known.citation, known.capture_id,
    timezone(inst.time_zone, CAST(known.decided_on AS TIMESTAMP)) AS observed_at,
    timezone(inst.time_zone, CAST(known.expires_on + 1 AS TIMESTAMP)) AS expires_at
FROM core.external_index AS known
JOIN core.institution AS inst
    ON inst.institution = known.institution
    AND inst.valid_from <= $as_of AND (inst.valid_to IS NULL OR inst.valid_to > $as_of)
WHERE known.valid_from <= $as_of AND (known.valid_to IS NULL OR known.valid_to > $as_of)
  AND timezone(inst.time_zone, CAST(known.decided_on AS TIMESTAMP)) > $as_of
ORDER BY known.institution, known.decided_on, known.year, known.value DESC
