-- Sources whose last run was not good, with the last time one was. That its batch was refused is said by the load: the class
-- of a connection that was refused has the same name. One that the gate never saw could not even be read. Reads the model
-- source_seen.
WITH last_run AS (
    FROM source_seen
    WHERE NOT last_run_ok
)

SELECT
    institution, source, message, last_run_at AS failed_at, last_ok_at, error,
    entry_id IN (
        SELECT entry_id FROM ops.load SEMI JOIN last_run USING (entry_id) WHERE outcome = 'refused'
    ) IS TRUE AS is_refused,
    entry_id NOT IN (SELECT entry_id FROM ops.validation SEMI JOIN last_run USING (entry_id)) IS TRUE AS is_unjudged
FROM last_run
ORDER BY institution, source
