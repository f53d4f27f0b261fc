-- Their checks. Others of the same institution that were loaded at the very same moment are among them, which then counts too
-- many (carried.sql).
CREATE OR REPLACE TEMP TABLE fresh_check AS
SELECT past.*
FROM core.uptime_check AS past
SEMI JOIN fresh_load USING (institution, loaded_at)
WHERE past.loaded_at >= $since AND past.loaded_at <= $until
