-- TTL and grace per evidence kind at $as_of, of the institutions named.
SELECT institution, kind, ttl, grace
FROM core.freshness
SEMI JOIN (SELECT unnest($institutions::VARCHAR[]) AS institution) AS wanted USING (institution)
WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
