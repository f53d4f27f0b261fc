-- Findings are written once for as long as they stand: those of one indicator at one institution are a set, which its
-- levels name. What moves every day with the answers of probes, though nothing is judged otherwise, stands at the level.

CREATE TABLE score.finding_set (
    set_id UUID,                -- a digest of institution and rows: warehouse/queries/sets_of_findings.sql
    institution VARCHAR, criterion VARCHAR, level INTEGER, state VARCHAR, is_fresh BOOLEAN, is_carried BOOLEAN,
    reason VARCHAR,
    evidence_ids VARCHAR[], observed_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, -- NULL where they move
    answered_by VARCHAR, hint VARCHAR, score DECIMAL(18,10)
);

-- The findings there are become sets as those that are made from now on: fresh answers of probes move.
CREATE TEMP TABLE old_finding AS
SELECT
    *,
    coalesce(is_fresh AND starts_with(answered_by, 'probe '), FALSE) AS moves,
    sha256(to_json([
        criterion, level::VARCHAR, state, is_fresh::VARCHAR, is_carried::VARCHAR, reason,
        CASE WHEN NOT moves THEN to_json(evidence_ids)::VARCHAR END,
        CASE WHEN NOT moves THEN epoch_us(observed_at)::VARCHAR END,
        CASE WHEN NOT moves THEN epoch_us(expires_at)::VARCHAR END,
        answered_by, hint, score::VARCHAR
    ])::VARCHAR) AS said
FROM score.finding;

CREATE TEMP TABLE old_set AS
SELECT
    score_id, indicator,
    left(sha256(any_value(institution) || array_to_string(list_sort(list(said)), ' ')), 32)::UUID AS set_id,
    map(
        list(criterion ORDER BY criterion) FILTER (WHERE moves),
        list({'evidence_ids': evidence_ids, 'observed_at': observed_at, 'expires_at': expires_at} ORDER BY criterion)
        FILTER (WHERE moves)
    ) AS moved
FROM old_finding
GROUP BY score_id, indicator;

INSERT INTO score.finding_set
SELECT
    first.set_id, found.institution, found.criterion, found.level, found.state, found.is_fresh, found.is_carried,
    found.reason,
    CASE WHEN NOT found.moves THEN found.evidence_ids END,
    CASE WHEN NOT found.moves THEN found.observed_at END,
    CASE WHEN NOT found.moves THEN found.expires_at END,
    found.answered_by, found.hint, found.score
FROM (SELECT set_id, min({'score_id': score_id, 'indicator': indicator}) AS at FROM old_set GROUP BY set_id) AS first
JOIN old_finding AS found ON found.score_id = first.at.score_id AND found.indicator = first.at.indicator;

CREATE OR REPLACE TABLE score.level AS
SELECT
    level.*, old_set.set_id,
    old_set.moved               -- by criterion: what those cite whose findings moved with the answers
FROM score.level AS level
LEFT JOIN old_set ON old_set.score_id = level.score_id AND old_set.indicator = level.indicator;

DROP TABLE score.finding;
DROP TABLE old_finding;
DROP TABLE old_set;
