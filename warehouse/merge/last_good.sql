-- How many rows the last good run of each source held: the floor for the next. The last is that of the last line of its
-- ledger: a clock may have gone back.
SELECT institution, source, arg_max(rows_loaded, ledger_seq) AS row_count
FROM ops.load
WHERE outcome = 'loaded'
GROUP BY institution, source
