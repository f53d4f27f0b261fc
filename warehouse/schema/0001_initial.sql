-- The first schema. No primary keys, sequences or indexes: the same statements run on a DuckDB file and on a
-- DuckLake. Idempotence comes from anti-joins on entry_id, score_id and event_key.

CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS score;
CREATE SCHEMA IF NOT EXISTS mart;
CREATE SCHEMA IF NOT EXISTS ops;

-- ops: what the pipeline did ------------------------------------------------------------------------------

CREATE TABLE ops.load (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, run_id VARCHAR, ledger_seq BIGINT,
    outcome VARCHAR,            -- loaded, refused (the gate said fail), failed (the run itself), error
    rows_seen BIGINT, rows_loaded BIGINT, rows_quarantined BIGINT, rows_duplicate BIGINT,
    message VARCHAR, observed_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ
);
CREATE TABLE ops.validation (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, table_name VARCHAR,
    expectation VARCHAR, column_name VARCHAR, severity VARCHAR, outcome VARCHAR,
    observed VARCHAR, unexpected_count BIGINT, message VARCHAR
);
CREATE TABLE ops.quarantine (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, table_name VARCHAR,
    place VARCHAR, reason VARCHAR, raw VARCHAR, quarantined_at TIMESTAMPTZ
);
CREATE TABLE ops.outbox (
    event_key VARCHAR, institution VARCHAR, kind VARCHAR, severity VARCHAR,
    line VARCHAR, payload VARCHAR, score_id VARCHAR, ordinal INTEGER, created_at TIMESTAMPTZ
);
CREATE TABLE ops.delivery (
    event_key VARCHAR, channel VARCHAR, message_id VARCHAR, delivered_at TIMESTAMPTZ
);

-- raw: parsed rows as they were read, each citing its capture -----------------------------------------------

CREATE TABLE raw.regulation (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, captured_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ,
    regulation_key VARCHAR, type_code VARCHAR, type_name VARCHAR, number VARCHAR, year INTEGER,
    title VARCHAR, title_norm VARCHAR, status VARCHAR, status_raw VARCHAR,
    enacted_on DATE, promulgated_on DATE, detail_url VARCHAR, file_url VARCHAR,
    capture_id VARCHAR, position BIGINT
);
CREATE TABLE raw.uptime_check (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, captured_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ,
    service_id VARCHAR, url VARCHAR, checked_at TIMESTAMPTZ, is_up BOOLEAN, status INTEGER,
    error_class VARCHAR, error_message VARCHAR,
    dns_ms DOUBLE, connect_ms DOUBLE, tls_ms DOUBLE, first_byte_ms DOUBLE, total_ms DOUBLE,
    attempts INTEGER, final_url VARCHAR, is_https BOOLEAN,
    cert_expires_at TIMESTAMPTZ, cert_issuer VARCHAR, tls_ok BOOLEAN, text_found BOOLEAN,
    capture_id VARCHAR, position BIGINT
);
CREATE TABLE raw.application (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, captured_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ,
    application_key VARCHAR, name VARCHAR, agency VARCHAR, description VARCHAR, url VARCHAR,
    kind VARCHAR, status VARCHAR, is_integrated BOOLEAN, started_on DATE, extra VARCHAR,
    capture_id VARCHAR, position BIGINT
);
CREATE TABLE raw.attestation (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, captured_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ,
    instrument VARCHAR, criterion VARCHAR, statement VARCHAR, signer VARCHAR, signer_role VARCHAR,
    signed_on DATE, scope VARCHAR, file_name VARCHAR, sha256 VARCHAR, file_capture_id VARCHAR,
    expires_on DATE, note VARCHAR, capture_id VARCHAR, position BIGINT
);

-- core: history. valid_from is when a version was first captured, valid_to when a later complete run of the
-- same source no longer showed it (NULL: still shown). How lately a source was seen is in core.observation.

CREATE TABLE core.capture (
    capture_id VARCHAR, institution VARCHAR, source VARCHAR, entry_id VARCHAR, url VARCHAR,
    captured_at TIMESTAMPTZ, status INTEGER, digest VARCHAR, warc_file VARCHAR, warc_offset BIGINT
);
CREATE TABLE core.observation (
    institution VARCHAR, source VARCHAR, collector VARCHAR, run_id VARCHAR, entry_id VARCHAR,
    observed_at TIMESTAMPTZ, is_ok BOOLEAN, error VARCHAR, message VARCHAR, row_count BIGINT,
    loaded_at TIMESTAMPTZ
);
CREATE TABLE core.regulation (
    institution VARCHAR, source VARCHAR, regulation_key VARCHAR, type_code VARCHAR, type_name VARCHAR,
    number VARCHAR, year INTEGER, title VARCHAR, title_norm VARCHAR, status VARCHAR, status_raw VARCHAR,
    enacted_on DATE, promulgated_on DATE, detail_url VARCHAR, file_url VARCHAR,
    capture_id VARCHAR, row_hash VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, loaded_at TIMESTAMPTZ
);
CREATE TABLE core.application (
    institution VARCHAR, source VARCHAR, application_key VARCHAR, name VARCHAR, agency VARCHAR,
    description VARCHAR, url VARCHAR, kind VARCHAR, status VARCHAR, is_integrated BOOLEAN,
    started_on DATE, capture_id VARCHAR, row_hash VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, loaded_at TIMESTAMPTZ
);
CREATE TABLE core.attestation (
    institution VARCHAR, source VARCHAR, attestation_key VARCHAR, instrument VARCHAR, criterion VARCHAR,
    statement VARCHAR, signer VARCHAR, signer_role VARCHAR, signed_on DATE, scope VARCHAR,
    file_name VARCHAR, sha256 VARCHAR, file_capture_id VARCHAR, expires_on DATE, note VARCHAR,
    capture_id VARCHAR, row_hash VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, loaded_at TIMESTAMPTZ
);
CREATE TABLE core.uptime_check (
    institution VARCHAR, service_id VARCHAR, url VARCHAR, checked_at TIMESTAMPTZ, is_up BOOLEAN,
    status INTEGER, error_class VARCHAR, error_message VARCHAR,
    dns_ms DOUBLE, connect_ms DOUBLE, tls_ms DOUBLE, first_byte_ms DOUBLE, total_ms DOUBLE,
    attempts INTEGER, is_https BOOLEAN, cert_expires_at TIMESTAMPTZ, cert_issuer VARCHAR,
    tls_ok BOOLEAN, text_found BOOLEAN, capture_id VARCHAR, loaded_at TIMESTAMPTZ
);

-- core: what the institution's file said, one version per change of the file --------------------------------

CREATE TABLE core.institution (
    institution VARCHAR, name VARCHAR, kind VARCHAR, time_zone VARCHAR, instrument VARCHAR,
    min_drop DECIMAL(9,4), down_after INTERVAL,
    capture_id VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.agency (
    institution VARCHAR, agency VARCHAR, name VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.target (
    institution VARCHAR, year INTEGER, target DECIMAL(4,2), valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.official_result (
    institution VARCHAR, instrument VARCHAR, year INTEGER, index_value DECIMAL(4,2), decided_on DATE,
    citation VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.official_level (
    institution VARCHAR, instrument VARCHAR, year INTEGER, decided_on DATE, indicator VARCHAR, level INTEGER,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.freshness (
    institution VARCHAR, kind VARCHAR, ttl INTERVAL, grace INTERVAL,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.source (
    institution VARCHAR, source VARCHAR, collector VARCHAR, cadence VARCHAR, agency VARCHAR,
    location VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.service (
    institution VARCHAR, service_id VARCHAR, name VARCHAR, url VARCHAR, agency VARCHAR, expect_text VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);
CREATE TABLE core.service_shows (
    institution VARCHAR, service_id VARCHAR, indicator VARCHAR, function VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);

-- score: append-only -----------------------------------------------------------------------------------------

CREATE TABLE score.indicator (
    instrument VARCHAR, indicator VARCHAR, ordinal INTEGER, name VARCHAR, short_name VARCHAR,
    domain VARCHAR, domain_name VARCHAR, aspect VARCHAR, aspect_name VARCHAR, weight DECIMAL(9,4)
);
CREATE TABLE score.criterion (
    instrument VARCHAR, ruleset_hash VARCHAR, criterion VARCHAR, indicator VARCHAR, level INTEGER,
    ordinal INTEGER, text VARCHAR, answered_by VARCHAR, owner VARCHAR, remedy VARCHAR
);
CREATE TABLE score.run (
    score_id VARCHAR, institution VARCHAR, instrument VARCHAR, ruleset_hash VARCHAR,
    as_of TIMESTAMPTZ, scored_at TIMESTAMPTZ
);
CREATE TABLE score.finding (
    score_id VARCHAR, institution VARCHAR, criterion VARCHAR, indicator VARCHAR, level INTEGER,
    state VARCHAR,              -- met, not_met, unknown, stale, error
    is_fresh BOOLEAN,           -- answered by evidence inside its TTL
    is_carried BOOLEAN,         -- stale, last met, still inside its grace period
    reason VARCHAR, evidence_ids VARCHAR[], observed_at TIMESTAMPTZ, expires_at TIMESTAMPTZ,
    answered_by VARCHAR, hint VARCHAR
);
CREATE TABLE score.level (
    score_id VARCHAR, institution VARCHAR, indicator VARCHAR, weight DECIMAL(9,4),
    proven INTEGER, floor INTEGER, provisional INTEGER, possible INTEGER, official INTEGER,
    coverage DECIMAL(9,6)
);
CREATE TABLE score.aggregate (
    score_id VARCHAR, institution VARCHAR,
    scope VARCHAR,              -- index, domain, aspect
    code VARCHAR, name VARCHAR, weight DECIMAL(9,4),
    proven DECIMAL(18,10), provisional DECIMAL(18,10), possible DECIMAL(18,10), coverage DECIMAL(9,6),
    predikat VARCHAR            -- of the provisional value, for the index only
);
