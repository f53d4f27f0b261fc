-- How each source was last seen by $as_of: the last good run decides how fresh its evidence is.
SELECT
    institution, source,
    max(observed_at) FILTER (WHERE is_ok) AS last_ok_at,
    max(observed_at) AS last_run_at,
    arg_max(is_ok, observed_at) AS last_run_ok,
    arg_max(coalesce(message, error, ''), observed_at) AS last_error
FROM core.observation
SEMI JOIN institution_current USING (institution)
WHERE observed_at <= $as_of
GROUP BY institution, source
