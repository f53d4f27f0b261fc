-- Scores that are decimals, values of external indices, more instruments for one institution, and what carries over
-- from one instrument to another. Tables are built anew where a type changes: not every catalogue can alter one.

CREATE OR REPLACE TABLE score.level AS
SELECT
    score_id, institution, indicator, weight,
    CAST(proven AS DECIMAL(18,10)) AS proven,
    CAST(floor AS DECIMAL(18,10)) AS floor,
    CAST(provisional AS DECIMAL(18,10)) AS provisional,
    CAST(possible AS DECIMAL(18,10)) AS possible,
    CAST(official AS DECIMAL(18,10)) AS official,
    coverage,
    provisional AS rung         -- the highest level that the provisional value holds wholly
FROM score.level;

CREATE OR REPLACE TABLE core.official_level AS
SELECT
    institution, instrument, year, decided_on, indicator, CAST(level AS DECIMAL(18,10)) AS level, valid_from, valid_to
FROM core.official_level;

ALTER TABLE score.run ADD COLUMN scale VARCHAR;            -- whole or itemised; NULL: whole
ALTER TABLE score.finding ADD COLUMN score DECIMAL(18,10); -- what the value of an external index turns into
ALTER TABLE core.institution ADD COLUMN also VARCHAR[];    -- instruments scored besides the one in `instrument`

CREATE TABLE core.external_index (
    institution VARCHAR, index_id VARCHAR, year INTEGER, value DECIMAL(18,6), decided_on DATE, expires_on DATE,
    citation VARCHAR, capture_id VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);

-- A mapping of practitioners, not an official one: which indicators of spbe-2020 an indicator carries on.
CREATE TABLE score.crosswalk (
    instrument VARCHAR, indicator VARCHAR, ordinal INTEGER, status VARCHAR, from_instrument VARCHAR,
    from_indicators VARCHAR[], note VARCHAR
);
