-- Sources whose last run by $as_of was not good, with the last time one was.
SELECT
    institution, source,
    arg_max(message, observed_at) AS message,
    max(observed_at) AS failed_at,
    max(observed_at) FILTER (WHERE is_ok) AS last_ok_at,
    arg_max(error, observed_at) AS error
FROM core.observation
WHERE observed_at <= $as_of
GROUP BY institution, source
HAVING NOT arg_max(is_ok, observed_at)
ORDER BY institution, source
