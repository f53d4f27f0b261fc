-- Uptime checks: where they come from, when services may be down, and what is made of them.

-- 'layanan' for checks made here, 'layanan-riwayat' for histories brought in from other tools.
ALTER TABLE core.uptime_check ADD COLUMN source VARCHAR DEFAULT 'layanan';

-- How long a check speaks for the time after it; how many changes of state within how long are too many.
ALTER TABLE core.institution ADD COLUMN check_holds INTERVAL;
ALTER TABLE core.institution ADD COLUMN flapping_changes INTEGER;
ALTER TABLE core.institution ADD COLUMN flapping_within INTERVAL;

-- Maintenance windows of the institution's file, in its local time. service_id NULL: all services.
-- Weekly ones recur every seven days, before and after the occurrence given.
CREATE TABLE core.maintenance (
    institution VARCHAR, name VARCHAR, service_id VARCHAR,
    starts_local TIMESTAMP, ends_local TIMESTAMP, is_weekly BOOLEAN,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ
);

-- Service levels per local day and month. Empty here: filled in the published copy, from all of history, by
-- queries/service_sla.sql, as the copy itself does not hold every check.
CREATE TABLE core.service_sla (
    institution VARCHAR,
    period VARCHAR,             -- hari, bulan
    starts_on DATE,
    agency VARCHAR, service_id VARCHAR,     -- service_id NULL: all services of the agency
    up_seconds DOUBLE, down_seconds DOUBLE, unknown_seconds DOUBLE, excluded_seconds DOUBLE,
    checks BIGINT, checks_up BIGINT, checks_unknown BIGINT, checks_imported BIGINT,
    outages BIGINT, longest_outage_seconds DOUBLE, resolved_outages BIGINT, mttr_seconds DOUBLE,
    total_ms_p50 DOUBLE, total_ms_p95 DOUBLE, total_ms_p99 DOUBLE,
    first_byte_ms_p50 DOUBLE, first_byte_ms_p95 DOUBLE, first_byte_ms_p99 DOUBLE
);
