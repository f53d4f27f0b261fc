-- The last scored date before $as_of under the same ruleset.
SELECT score_id, as_of
FROM score.run
WHERE institution = $institution AND instrument = $instrument AND ruleset_hash = $ruleset_hash
  AND as_of < $as_of
ORDER BY as_of DESC, scored_at DESC
LIMIT 1
