-- TTL and grace per evidence kind at $as_of.
SELECT institution, kind, ttl, grace
FROM core.freshness
WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
