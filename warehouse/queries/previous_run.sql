-- By institution the last scored date before $as_of under the same ruleset.
SELECT institution, score_id, as_of
FROM score.run
SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) USING (institution)
WHERE instrument = $instrument AND ruleset_hash = $ruleset_hash
  AND as_of < $as_of
QUALIFY row_number() OVER (PARTITION BY institution ORDER BY as_of DESC, scored_at DESC) = 1
ORDER BY institution
