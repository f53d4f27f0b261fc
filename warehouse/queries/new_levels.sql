-- The levels of new scores, each with its set of findings, and with what those cite at this date that move with answers.
INSERT INTO score.level BY NAME
WITH cited AS (
    SELECT
        found.institution, found.indicator, found.criterion,
        coalesce(said.evidence_ids, found.evidence_ids) AS evidence_ids,
        coalesce(said.observed_at, found.observed_at) AS observed_at,
        found.expires_at + to_microseconds(
            coalesce(epoch_us(said.observed_at) - epoch_us(found.observed_at), 0)
        ) AS expires_at
    FROM {findings} AS found
    SEMI JOIN new_score ON new_score.institution = found.institution
    LEFT JOIN answer AS said ON said.institution = found.institution AND said.call = found.moves_with
    WHERE found.moves_with IS NOT NULL
),

moved AS (
    SELECT
        institution, indicator,
        map_from_entries(list_sort(list({{
            'criterion': criterion,
            'cites': {{'evidence_ids': evidence_ids, 'observed_at': observed_at, 'expires_at': expires_at}}
        }}))) AS moved
    FROM cited
    GROUP BY institution, indicator
)

SELECT new.score_id, found.*, moved.moved
FROM {levels} AS found
JOIN new_score AS new ON new.institution = found.institution
LEFT JOIN moved ON moved.institution = found.institution AND moved.indicator = found.indicator
ORDER BY found.rowid
