-- How each source was last seen by $as_of: the last good run decides how fresh its evidence is. What is said of the last run is
-- for alerts on one that failed.
SELECT
    institution, source,
    max(observed_at) FILTER (WHERE is_ok) AS last_ok_at,
    max(observed_at) AS last_run_at,
    arg_max(is_ok, observed_at) AS last_run_ok,
    arg_max(message, observed_at) AS message,
    arg_max(error, observed_at) AS error,
    arg_max(entry_id, observed_at) AS entry_id
FROM core.observation
SEMI JOIN institution_current USING (institution)
WHERE observed_at <= $as_of
GROUP BY institution, source
