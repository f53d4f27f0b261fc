-- Scored dates that no score under $ruleset_hash has yet, by institution.
SELECT institution, as_of
FROM score.run
WHERE instrument = $instrument
GROUP BY institution, as_of
HAVING NOT bool_or(ruleset_hash = $ruleset_hash)
ORDER BY as_of, institution
