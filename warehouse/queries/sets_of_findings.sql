-- The set of each indicator that may have another than before, of the institutions of new_score: a digest of what was
-- found and of what nobody spoke of. What moves with an answer is no part of it (transforms.scoring.Judgement.moves_with).
-- schema/0039_finding_sets.sql makes the same of old rows.
CREATE OR REPLACE TEMP TABLE found_set AS
WITH asked AS (
    SELECT again.institution, again.indicator FROM {again} AS again SEMI JOIN new_score USING (institution)
),

found AS (
    SELECT *, moves_with IS NOT NULL AS moves FROM {findings} SEMI JOIN asked USING (institution, indicator)
    UNION ALL BY NAME
    SELECT *, FALSE AS moves FROM {blanks}
),

told AS (
    SELECT
        institution, indicator, criterion,
        sha256(to_json([
            criterion, level::VARCHAR, state, is_fresh::VARCHAR, is_carried::VARCHAR, reason,
            CASE WHEN NOT moves THEN to_json(evidence_ids)::VARCHAR END,
            CASE WHEN NOT moves THEN epoch_us(observed_at)::VARCHAR END,
            CASE WHEN NOT moves THEN epoch_us(expires_at)::VARCHAR END,
            answered_by, hint, score::VARCHAR
        ])::VARCHAR) AS said
    FROM found
),

own AS (
    SELECT institution, indicator, list_sort(list(criterion)) AS criteria, list(said) AS said
    FROM told
    WHERE institution IS NOT NULL
    GROUP BY institution, indicator
),

whole AS MATERIALIZED (
    SELECT institution, indicator, coalesce(own.criteria, []) AS criteria, coalesce(own.said, []) AS said
    FROM asked LEFT JOIN own USING (institution, indicator)
),

-- Of what nobody spoke of there are few kinds.
rest AS (
    SELECT kind.indicator, kind.criteria, list(blank.said) AS said
    FROM (SELECT DISTINCT indicator, criteria FROM whole) AS kind
    JOIN told AS blank ON blank.institution IS NULL AND blank.indicator = kind.indicator
        AND NOT list_contains(kind.criteria, blank.criterion)
    GROUP BY kind.indicator, kind.criteria
)

SELECT
    whole.institution, whole.indicator,
    left(sha256(
        whole.institution || array_to_string(list_sort(whole.said || coalesce(rest.said, [])), ' ')
    ), 32)::UUID AS set_id
FROM whole
LEFT JOIN rest USING (indicator, criteria)
