-- Every entry of the institution's registries at $as_of.
SELECT source, application_key AS key, name, agency, description, url, kind
FROM core.application
WHERE institution = $institution AND valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
ORDER BY source, application_key, row_hash
