-- The captures that findings of the latest scores cite, with the reason that names what decided. Reads a published copy.
-- First the levels of these scores: score.finding would put together the findings of all.
WITH reached AS MATERIALIZED (
    SELECT score_id, set_id, moved
    FROM score.level
    SEMI JOIN mart.skor_terkini AS latest ON latest.skor_id = level.score_id
)

SELECT
    latest.skor_id AS score_id, latest.institusi AS institution, latest.instrumen AS instrument,
    latest.keadaan_pada AS as_of, finding.criterion, finding.state, finding.answered_by, finding.reason,
    unnest(coalesce(reached.moved[finding.criterion].evidence_ids, finding.evidence_ids)) AS capture_id
FROM mart.skor_terkini AS latest
JOIN reached ON reached.score_id = latest.skor_id
JOIN score.finding_set AS finding ON finding.set_id = reached.set_id
