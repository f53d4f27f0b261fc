-- Sources whose last run by $as_of was not good, with the last time one was. That its batch was refused is said by the load:
-- the class of a connection that was refused has the same name. One that the gate never saw could not even be read.
WITH last_run AS (
    SELECT
        institution, source,
        arg_max(message, observed_at) AS message,
        max(observed_at) AS failed_at,
        max(observed_at) FILTER (WHERE is_ok) AS last_ok_at,
        arg_max(error, observed_at) AS error,
        arg_max(entry_id, observed_at) AS entry_id
    FROM core.observation
    WHERE observed_at <= $as_of
    GROUP BY institution, source
    HAVING NOT arg_max(is_ok, observed_at)
)

SELECT
    * EXCLUDE (entry_id),
    entry_id IN (
        SELECT entry_id FROM ops.load SEMI JOIN last_run USING (entry_id) WHERE outcome = 'refused'
    ) IS TRUE AS is_refused,
    entry_id NOT IN (SELECT entry_id FROM ops.validation SEMI JOIN last_run USING (entry_id)) IS TRUE AS is_unjudged
FROM last_run
ORDER BY institution, source
