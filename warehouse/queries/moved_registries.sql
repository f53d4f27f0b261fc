-- Institutions whose registries list at $as_of what they did not at $before, or list no more what they did.
SELECT DISTINCT institution
FROM core.application
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
