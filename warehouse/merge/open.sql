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
-- A version that the batch holds more than once begins with its first row.
AND NOT EXISTS (
    SELECT 1 FROM batch AS earlier
    WHERE earlier.{key} = batch.{key}
      AND earlier.row_hash = batch.row_hash
      AND earlier.ordinal < batch.ordinal
)
