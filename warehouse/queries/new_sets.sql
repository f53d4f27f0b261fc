-- The sets that the warehouse does not hold yet, row by row.
INSERT INTO score.finding_set BY NAME
WITH lacking AS MATERIALIZED (
    FROM found_set ANTI JOIN score.finding_set USING (set_id)
),

own AS MATERIALIZED (
    SELECT lacking.set_id, found.* FROM {findings} AS found JOIN lacking USING (institution, indicator)
)

SELECT
    * EXCLUDE (indicator, moves_with) REPLACE (
        CASE WHEN moves_with IS NULL THEN evidence_ids END AS evidence_ids,
        CASE WHEN moves_with IS NULL THEN observed_at END AS observed_at,
        CASE WHEN moves_with IS NULL THEN expires_at END AS expires_at
    )
FROM own
UNION ALL BY NAME
SELECT lacking.set_id, lacking.institution, blank.* EXCLUDE (indicator, moves_with)
FROM lacking
JOIN {blanks} AS blank USING (indicator)
ANTI JOIN own ON own.set_id = lacking.set_id AND own.criterion = blank.criterion
