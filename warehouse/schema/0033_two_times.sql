-- Two times on every fact: when it held (valid_from to valid_to), and when this warehouse came to know of it. A row
-- that ends is known twice: that it began since loaded_at, that it ended since closed_loaded_at (NULL: not ended). So
-- what was known at a moment K are the rows with loaded_at <= K, those with closed_loaded_at > K still without an end
-- (warehouse/known_facts.py).
--
-- What was there before gets the time of the load that brought it, as ops.load has it: of a capture that of its entry,
-- of a version's beginning or end that of the run of its source that was observed then (rows of the institution's file
-- are of the source 'institusi'). Where no load is on record, the moment of observation stands in for it. These are
-- the very moments that a rebuild writes. Tables are built anew, as they cannot be altered and updated in one
-- transaction.

CREATE OR REPLACE TABLE core.capture AS
SELECT
    capture.*,
    coalesce((SELECT min(loaded_at) FROM ops.load AS run WHERE run.entry_id = capture.entry_id), captured_at) AS loaded_at
FROM core.capture AS capture;

CREATE OR REPLACE TABLE core.regulation AS
SELECT
    fact.*,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = fact.source
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.regulation AS fact;
ALTER TABLE core.regulation ALTER COLUMN relations SET DEFAULT '[]';

CREATE OR REPLACE TABLE core.application AS
SELECT
    fact.*,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = fact.source
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.application AS fact;

CREATE OR REPLACE TABLE core.attestation AS
SELECT
    fact.*,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = fact.source
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.attestation AS fact;

CREATE OR REPLACE TABLE core.dataset AS
SELECT
    fact.*,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = fact.source
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.dataset AS fact;

-- What the institution's file said.

CREATE OR REPLACE TABLE core.institution AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.institution AS fact;

CREATE OR REPLACE TABLE core.agency AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.agency AS fact;

CREATE OR REPLACE TABLE core.target AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.target AS fact;

CREATE OR REPLACE TABLE core.official_result AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.official_result AS fact;

CREATE OR REPLACE TABLE core.official_level AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.official_level AS fact;

CREATE OR REPLACE TABLE core.external_index AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.external_index AS fact;

CREATE OR REPLACE TABLE core.freshness AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.freshness AS fact;

CREATE OR REPLACE TABLE core.source AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.source AS fact;

CREATE OR REPLACE TABLE core.service AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.service AS fact;

CREATE OR REPLACE TABLE core.service_shows AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.service_shows AS fact;

CREATE OR REPLACE TABLE core.maintenance AS
SELECT
    fact.*,
    coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_from
        ),
        fact.valid_from
    ) AS loaded_at,
    CASE WHEN fact.valid_to IS NOT NULL THEN coalesce(
        (
            SELECT min(run.loaded_at) FROM ops.load AS run
            WHERE run.institution = fact.institution AND run.source = 'institusi'
              AND run.outcome = 'loaded' AND run.observed_at = fact.valid_to
        ),
        fact.valid_to
    ) END AS closed_loaded_at
FROM core.maintenance AS fact;
