-- What moved between two scored dates, which ruleset is in use, and the forecast of the latest score.

-- One row for every piece of a change of the index: they add up to it. `previous_id` is the score before it under
-- the same ruleset, or, where the cause is rules, the same date under the ruleset that was in use before.
CREATE TABLE score.change (
    score_id VARCHAR, institution VARCHAR, previous_id VARCHAR, ordinal INTEGER, indicator VARCHAR,
    level_before DECIMAL(18,10), level_after DECIMAL(18,10),
    criterion VARCHAR,          -- NULL: the official level, or the rules as a whole
    cause VARCHAR, state_before VARCHAR, state_after VARCHAR, reason_before VARCHAR, reason_after VARCHAR,
    evidence_id VARCHAR, contribution DECIMAL(18,10)
);

-- Which ruleset was in use from when: a row each time another one is.
CREATE TABLE score.ruleset_use (instrument VARCHAR, ruleset_hash VARCHAR, used_from TIMESTAMPTZ);

-- The index at every moment at which it changes if nobody acts, for the latest score of an institution only.
CREATE TABLE score.forecast (
    score_id VARCHAR, institution VARCHAR,
    scenario VARCHAR,           -- sources_run, all_stops
    changes_at TIMESTAMPTZ, known_until TIMESTAMPTZ,
    proven DECIMAL(18,10), provisional DECIMAL(18,10), possible DECIMAL(18,10), predikat VARCHAR
);

-- What lapses at these moments, and what the index loses by it: the losses add up to the forecast's steps.
CREATE TABLE score.expiry (
    score_id VARCHAR, institution VARCHAR, scenario VARCHAR, changes_at TIMESTAMPTZ, ordinal INTEGER,
    indicator VARCHAR, criterion VARCHAR,
    event VARCHAR,              -- stale, lapsed, fact
    answered_by VARCHAR, reason VARCHAR, evidence_ids VARCHAR[],
    proven_change DECIMAL(18,10), provisional_change DECIMAL(18,10)
);
