-- The last official level of each indicator decided by $as_of, of the institutions named.
SELECT institution, indicator, arg_max(level, decided_on) AS level
FROM core.official_level
SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) AS wanted USING (institution)
WHERE instrument = $instrument
  AND decided_on <= CAST($as_of AS DATE)
  AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
GROUP BY institution, indicator
