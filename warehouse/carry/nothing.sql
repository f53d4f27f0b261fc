-- What is carried over from an earlier count (carry.py), empty: of every institution all is counted anew.
CREATE OR REPLACE TEMP TABLE carried (institution VARCHAR, rolled_until TIMESTAMPTZ);
CREATE OR REPLACE TEMP TABLE anew AS SELECT DISTINCT institution FROM core.institution;
CREATE OR REPLACE TEMP TABLE carried_rolled (
    institution VARCHAR, service_id VARCHAR, first_own_at TIMESTAMPTZ, rolled_until TIMESTAMPTZ, day_from DATE,
    last_at TIMESTAMPTZ, last_up BOOLEAN, outage_at TIMESTAMPTZ
);
CREATE OR REPLACE TEMP TABLE carried_day AS
SELECT * EXCLUDE (total_ms, first_byte_ms) FROM core.uptime_day LIMIT 0;
CREATE OR REPLACE TEMP TABLE carried_month AS FROM core.uptime_month LIMIT 0;
CREATE OR REPLACE TEMP TABLE carried_outage AS FROM core.uptime_outage LIMIT 0;
CREATE OR REPLACE TEMP TABLE carried_seen (
    institution VARCHAR, service_id VARCHAR, first_up_at TIMESTAMPTZ, last_up_at TIMESTAMPTZ, last_own_at TIMESTAMPTZ,
    last_read_at TIMESTAMPTZ
);
CREATE OR REPLACE TEMP TABLE carried_fault AS
SELECT institution, service_id, checked_at, capture_id, is_up, status, error_class, attempts, is_https, tls_ok,
    cert_expires_at
FROM core.uptime_check LIMIT 0;
CREATE OR REPLACE TEMP TABLE carried_recovered (
    institution VARCHAR, service_id VARCHAR, last_not_up_at TIMESTAMPTZ, checked_at TIMESTAMPTZ
);
CREATE OR REPLACE TEMP TABLE carried_day_checks (
    institution VARCHAR, service_id VARCHAR, day_no BIGINT, checks BIGINT, up BIGINT
);
CREATE OR REPLACE TEMP TABLE fresh_check AS FROM core.uptime_check LIMIT 0;
