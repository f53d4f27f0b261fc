-- The last score of each of $institutions at exactly $as_of under other rules than those of $ruleset_hash.
SELECT score_id
FROM score.run
SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) USING (institution)
WHERE instrument = $instrument AND as_of = $as_of AND ruleset_hash != $ruleset_hash
QUALIFY row_number() OVER (PARTITION BY institution ORDER BY scored_at DESC, score_id) = 1
ORDER BY institution
