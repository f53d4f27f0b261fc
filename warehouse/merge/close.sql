-- Versions of this source that the batch no longer shows end when the batch was observed.
-- {table} and {key} are names of ours. Keys held back by the gate are neither news nor gone.
UPDATE core.{table} AS known
SET valid_to = $observed_at, closed_loaded_at = $loaded_at
WHERE known.institution = $institution
  AND known.source = $source
  AND known.valid_to IS NULL
  AND NOT EXISTS (SELECT 1 FROM held WHERE held.key = known.{key})
  AND NOT EXISTS (
      SELECT 1 FROM batch
      WHERE batch.{key} = known.{key} AND batch.row_hash = known.row_hash
  )
