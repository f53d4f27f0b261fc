-- The last score of an institution at exactly $as_of, under $ruleset_hash or under any other.
SELECT score_id, as_of
FROM score.run
WHERE institution = $institution AND instrument = $instrument AND as_of = $as_of
  AND (ruleset_hash = $ruleset_hash) = $same_rules
ORDER BY scored_at DESC, score_id
LIMIT 1
