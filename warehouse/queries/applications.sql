-- Every entry of the institutions' registries at $as_of.
SELECT institution, source, application_key AS key, name, agency, description, url, kind
FROM core.application
WHERE list_contains($institutions, institution) AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
ORDER BY institution, source, application_key, row_hash
