-- Which warehouse this is, how many checks it holds, and of which institutions some are of after $as_of.
CREATE OR REPLACE TEMP TABLE warehouse_now AS
SELECT
    (SELECT string_agg(id, ' ' ORDER BY id) FROM ops.made) AS id,
    (SELECT count(*) FROM core.uptime_check) AS checks,
    (SELECT coalesce(list(DISTINCT institution), []) FROM core.uptime_check WHERE checked_at > $as_of) AS ahead
