-- The moratorium on new applications, and what comparing the registry found at each scored date.

ALTER TABLE core.institution ADD COLUMN moratorium_from DATE;

-- Append-only like the rest of schema score; one candidate per row, best first by ordinal.
CREATE TABLE score.application_overlap (
    score_id VARCHAR, institution VARCHAR, ordinal INTEGER, likeness DECIMAL(3,2), reason VARCHAR,
    first_source VARCHAR, first_key VARCHAR, first_name VARCHAR, first_agency VARCHAR, first_url VARCHAR,
    second_source VARCHAR, second_key VARCHAR, second_name VARCHAR, second_agency VARCHAR, second_url VARCHAR
);
CREATE TABLE score.application_shared (
    score_id VARCHAR, institution VARCHAR, ordinal INTEGER, name VARCHAR, is_national BOOLEAN,
    agencies VARCHAR[], entry_count INTEGER
);
