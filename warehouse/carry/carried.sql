-- The institutions of which an earlier count holds for all that was before a local midnight (rolled_until): since then the
-- same was done to their rows and the same file says what is counted; no check was rolled up, none brought in from
-- elsewhere, none came late, and all that were loaded are there. Where that count is of after $as_of, as another was quicker
-- or the clock went back, there must be no check between the two. Nothing is, where the checks are not as many as they must be.
INSERT INTO carried
WITH past AS (
    SELECT
        done.institution, bit_xor(hash(done)) FILTER (WHERE done.seq <= known.last_seq) AS digest,
        coalesce(bool_or(done.kind = 'rollup' AND done.seq > known.last_seq), FALSE) AS is_rolled
    FROM ops.operation AS done
    JOIN before.known AS known USING (institution)
    GROUP BY done.institution
),

loaded AS (
    SELECT institution, sum(rows_loaded) AS checks FROM fresh_load GROUP BY institution
),

found AS (
    SELECT institution, count(*) AS checks, min(checked_at) AS first_at, bool_and(source = 'layanan') AS is_own
    FROM fresh_check
    GROUP BY institution
)

SELECT kept.institution, kept.rolled_until
FROM before.kept AS kept
JOIN before.known AS known USING (institution)
JOIN facts USING (institution)
LEFT JOIN past USING (institution)
LEFT JOIN loaded USING (institution)
LEFT JOIN found USING (institution)
WHERE facts.file_digest IS NOT DISTINCT FROM known.file_digest
    AND past.digest IS NOT DISTINCT FROM known.digest
    AND past.is_rolled IS NOT TRUE
    AND coalesce(loaded.checks, 0) = coalesce(found.checks, 0)
    AND (found.first_at IS NULL OR found.is_own AND found.first_at >= kept.rolled_until)
    AND (SELECT count(*) FROM core.uptime_check)
        = (SELECT checks FROM before.made) + (SELECT coalesce(sum(checks), 0) FROM loaded)
    AND (
        (SELECT as_of FROM before.made) <= $as_of
        OR kept.rolled_until <= $as_of AND NOT list_contains((SELECT ahead FROM warehouse_now), kept.institution)
    )
