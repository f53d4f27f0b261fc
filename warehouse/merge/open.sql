-- Versions in the batch that are not current yet begin when the batch was observed.
INSERT INTO core.{table} BY NAME
SELECT
    $institution AS institution, $source AS source, {columns}, row_hash,
    $observed_at AS valid_from, NULL AS valid_to, $loaded_at AS loaded_at
FROM batch
WHERE NOT EXISTS (
    SELECT 1 FROM core.{table} AS known
    WHERE known.institution = $institution
      AND known.source = $source
      AND known.valid_to IS NULL
      AND known.{key} = batch.{key}
      AND known.row_hash = batch.row_hash
)
-- A version that the batch holds more than once begins with its first row. Few are, and only those are compared
-- whole: to join the batch with itself takes as long as everything else here.
AND NOT EXISTS (
    SELECT 1 FROM (
        SELECT {key} AS key, row_hash, min(ordinal) AS first_ordinal
        FROM batch
        WHERE hash({key}, row_hash) IN (
            SELECT hash({key}, row_hash) FROM batch GROUP BY ALL HAVING count(*) > 1
        )
        GROUP BY {key}, row_hash
    ) AS repeated
    WHERE repeated.key = batch.{key}
      AND repeated.row_hash = batch.row_hash
      AND repeated.first_ordinal < batch.ordinal
)
