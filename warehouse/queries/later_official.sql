-- Official levels that are on file at $as_of and decided on a later day.
SELECT institution, indicator, level, timezone('UTC', CAST(decided_on AS TIMESTAMP)) AS since
FROM core.official_level
WHERE instrument = $instrument
  AND decided_on > CAST($as_of AS DATE)
  AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
ORDER BY institution, decided_on
