-- Every finding of every score: of the sets that its levels name, with what moved. A published copy has it too.
CREATE OR REPLACE VIEW score.finding AS
SELECT
    level.score_id, level.institution, held.criterion, level.indicator, held.level,
    held.state,                 -- met, not_met, unknown, stale, error
    held.is_fresh,              -- answered by evidence inside its TTL
    held.is_carried,            -- stale, last met, still inside its grace period
    held.reason,
    coalesce(level.moved[held.criterion].evidence_ids, held.evidence_ids) AS evidence_ids,
    coalesce(level.moved[held.criterion].observed_at, held.observed_at) AS observed_at,
    coalesce(level.moved[held.criterion].expires_at, held.expires_at) AS expires_at,
    held.answered_by, held.hint,
    held.score                  -- what the value of an external index turns into
FROM score.level AS level
JOIN score.finding_set AS held ON held.set_id = level.set_id
