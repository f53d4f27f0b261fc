-- Uptime checks rolled up by `pantau maintain` (warehouse/rollup.py): what service levels need of days gone by, so that
-- the checks themselves need not be kept for ever. Times are counted in whole microseconds and percentiles from counts of
-- whole milliseconds: sums of parts are the sum of the whole to the last digit.

-- How long checks, and hours, stay (the institution's file, retention).
ALTER TABLE core.institution ADD COLUMN raw_days INTEGER;
ALTER TABLE core.institution ADD COLUMN hourly_days INTEGER;

-- How far each service is rolled up, by which rules, and what the checks before still mean for the time after:
-- the last check, whether it was up, and since when the outage lasts in which the service then was.
CREATE TABLE core.uptime_rolled (
    institution VARCHAR, service_id VARCHAR,
    raw_from TIMESTAMPTZ,       -- a local midnight before which checks are gone; NULL: none is
    rolled_until TIMESTAMPTZ,   -- a local midnight; days before it are in core.uptime_day
    rolled_at TIMESTAMPTZ,      -- a check of before rolled_until that was loaded after this came late
    first_own_at TIMESTAMPTZ,   -- the first check made here; NULL: only histories from elsewhere
    time_zone VARCHAR, check_holds INTERVAL,
    raw_last_at TIMESTAMPTZ, raw_last_up BOOLEAN, raw_outage_at TIMESTAMPTZ,             -- as of raw_from
    until_last_at TIMESTAMPTZ, until_last_up BOOLEAN, until_outage_at TIMESTAMPTZ        -- as of rolled_until
);

-- By the hour, to look at: nothing is counted from it. An hour that a local midnight cuts has two rows.
CREATE TABLE core.uptime_hour (
    institution VARCHAR, service_id VARCHAR, hour_at TIMESTAMPTZ,
    up_us BIGINT, down_us BIGINT, unknown_us BIGINT, excluded_us BIGINT,
    checks INTEGER, checks_up INTEGER, checks_unknown INTEGER, checks_imported INTEGER,
    total_ms_p50 INTEGER, total_ms_p95 INTEGER, total_ms_p99 INTEGER,
    first_byte_ms_p50 INTEGER, first_byte_ms_p95 INTEGER, first_byte_ms_p99 INTEGER
);

-- By local day. The counts of milliseconds are of checks that were up; empty once the month's stand for good.
CREATE TABLE core.uptime_day (
    institution VARCHAR, service_id VARCHAR, day DATE,
    up_us BIGINT, down_us BIGINT, watched_us BIGINT, excluded_us BIGINT,
    checks INTEGER, checks_up INTEGER, checks_unknown INTEGER, checks_imported INTEGER,
    total_ms_p50 INTEGER, total_ms_p95 INTEGER, total_ms_p99 INTEGER,
    first_byte_ms_p50 INTEGER, first_byte_ms_p95 INTEGER, first_byte_ms_p99 INTEGER,
    total_ms STRUCT(ms INTEGER, n INTEGER)[], first_byte_ms STRUCT(ms INTEGER, n INTEGER)[]
);

-- Counts of milliseconds by local month, of the days that are rolled up.
CREATE TABLE core.uptime_month (
    institution VARCHAR, service_id VARCHAR, month DATE,
    total_ms_p50 INTEGER, total_ms_p95 INTEGER, total_ms_p99 INTEGER,
    first_byte_ms_p50 INTEGER, first_byte_ms_p95 INTEGER, first_byte_ms_p99 INTEGER,
    total_ms STRUCT(ms INTEGER, n INTEGER)[], first_byte_ms STRUCT(ms INTEGER, n INTEGER)[]
);

-- What an outage took of each local day, and on which day it ended. An outage is named by its first failed check.
CREATE TABLE core.uptime_outage (
    institution VARCHAR, service_id VARCHAR, outage_at TIMESTAMPTZ, day DATE, down_us BIGINT, is_end BOOLEAN
);
