-- The latest score of each institution and instrument, one under the rules in use first.
SELECT run.score_id, run.institution, run.instrument, run.ruleset_hash, run.as_of
FROM score.run AS run
LEFT JOIN (
    SELECT instrument, arg_max(ruleset_hash, used_from) AS ruleset_hash FROM score.ruleset_use GROUP BY instrument
) AS used USING (instrument)
WHERE $institution IS NULL OR run.institution = $institution
QUALIFY row_number() OVER (
    PARTITION BY run.institution, run.instrument
    ORDER BY run.as_of DESC, (run.ruleset_hash = used.ruleset_hash) IS TRUE DESC, run.scored_at DESC, run.score_id
) = 1
ORDER BY run.institution, run.instrument
