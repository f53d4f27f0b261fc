-- What an explanation shows of the latest scores. Empty here: filled in the published copy, after the warehouse was
-- let go (warehouse/explanations.py), since it only puts into words what findings and evidence already say.

-- The words of the evidence that decided a finding, at most three to a capture, best first by ordinal.
CREATE TABLE score.passage (
    score_id VARCHAR, institution VARCHAR, criterion VARCHAR, capture_id VARCHAR, ordinal INTEGER,
    kind VARCHAR,               -- regulation, service, application, dataset, attestation, file, external_index
    subject VARCHAR, status VARCHAR, dated DATE, happened_at TIMESTAMPTZ, address VARCHAR, words VARCHAR
);

-- Fakta and Analisis of an indicator, and what is missing for the next level.
CREATE TABLE score.narrative (
    score_id VARCHAR, institution VARCHAR, indicator VARCHAR,
    next_level INTEGER,         -- NULL: nothing is missing
    missing VARCHAR, owners VARCHAR, facts VARCHAR, analysis VARCHAR
);
