-- Every entry of the institutions' registries at $as_of.
SELECT institution, source, application_key AS key, name, agency, description, url, kind
FROM core.application
SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) USING (institution)
WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
ORDER BY institution, source, application_key, row_hash
