-- How many rows the last good run of each source held: the floor for the next.
SELECT institution, source, arg_max(row_count, observed_at) AS row_count
FROM core.observation
WHERE is_ok
GROUP BY institution, source
