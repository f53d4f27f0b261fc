-- The sets that the warehouse does not hold yet, row by row.
INSERT INTO score.finding_set BY NAME
WITH lacking AS MATERIALIZED (
    FROM found_set ANTI JOIN score.finding_set USING (set_id)
)

SELECT
    lacking.set_id,
    found.* EXCLUDE (indicator, moves_with) REPLACE (
        CASE WHEN moves_with IS NULL THEN evidence_ids END AS evidence_ids,
        CASE WHEN moves_with IS NULL THEN observed_at END AS observed_at,
        CASE WHEN moves_with IS NULL THEN expires_at END AS expires_at
    )
FROM {findings} AS found
JOIN lacking USING (institution, indicator)
UNION ALL BY NAME
SELECT lacking.set_id, lacking.institution, blank.* EXCLUDE (indicator, moves_with)
FROM lacking
JOIN {blanks} AS blank USING (indicator)
ANTI JOIN (SELECT institution, criterion FROM {findings} SEMI JOIN lacking USING (institution, indicator)) AS found
    ON found.institution = lacking.institution AND found.criterion = blank.criterion
