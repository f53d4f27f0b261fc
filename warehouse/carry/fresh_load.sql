-- What brought checks since the earlier count, and how many: the loads that each institution's operations name since
-- (warehouse/operations.py).
CREATE OR REPLACE TEMP TABLE fresh_load AS
SELECT part.institution, part.source, part.loaded_at, part.rows_loaded
FROM ops.operation AS done
LEFT JOIN before.known AS known USING (institution)
JOIN ops.load AS part ON part.institution = done.institution AND part.entry_id = (done.content ->> '$.entry')
WHERE done.kind = 'load' AND done.seq > coalesce(known.last_seq, -1)
    AND part.outcome = 'loaded' AND list_contains($check_sources, part.source)
