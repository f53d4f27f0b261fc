-- The model source_seen at $as_of, of what stood at $before and the runs since. Reads the model institution_current as of $as_of.
SELECT
    institution, source,
    max(last_ok_at) AS last_ok_at,
    max(last_run_at) AS last_run_at,
    arg_max(last_run_ok, last_run_at) AS last_run_ok,
    arg_max(message, last_run_at) AS message,
    arg_max(error, last_run_at) AS error,
    arg_max(entry_id, last_run_at) AS entry_id
FROM (
    FROM source_seen
    UNION ALL BY NAME
    SELECT
        institution, source, CASE WHEN is_ok THEN observed_at END AS last_ok_at, observed_at AS last_run_at,
        is_ok AS last_run_ok, message, error, entry_id
    FROM core.observation
    WHERE observed_at > $before AND observed_at <= $as_of
)
SEMI JOIN institution_current USING (institution)
GROUP BY institution, source
