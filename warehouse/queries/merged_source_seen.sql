-- The model source_seen at $as_of, of what stood at $before and the runs since, and of all runs of institutions that it did
-- not hold. Reads the model institution_current as of $as_of.
SELECT
    institution, source,
    max(last_ok_at) AS last_ok_at,
    max(last_run_at) AS last_run_at,
    arg_max(last_run_ok, last_run_at) AS last_run_ok,
    arg_max(last_error, last_run_at) AS last_error
FROM (
    FROM source_seen
    UNION ALL BY NAME
    SELECT
        institution, source, CASE WHEN is_ok THEN observed_at END AS last_ok_at, observed_at AS last_run_at,
        is_ok AS last_run_ok, coalesce(message, error, '') AS last_error
    FROM core.observation
    WHERE observed_at <= $as_of
        AND (observed_at > $before OR institution NOT IN (SELECT institution FROM source_seen))
)
SEMI JOIN institution_current USING (institution)
GROUP BY institution, source
