-- Institutions known at $as_of, with what their file says about scoring.
SELECT institution, name, instrument, also, time_zone, min_drop, evidence_days
FROM core.institution
WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
ORDER BY institution
