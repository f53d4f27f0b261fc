-- The state of every watched service when the copy was published. Empty here: filled in the published copy by
-- queries/service_now.sql, from all of history, as the copy itself does not hold every check.
CREATE TABLE core.service_now (
    institution VARCHAR, service_id VARCHAR,
    state VARCHAR,              -- pemeliharaan, tidak stabil, mati, hidup, gagal sesaat, tidak dapat dipastikan
    since_at TIMESTAMPTZ,       -- the first of the unbroken checks of that state; of an unstable one the first change
    latest_at TIMESTAMPTZ,      -- the latest check that counts
    checks_30d BIGINT, up_30d BIGINT
);
