-- The uptime checks that go into the copy: of each service the last, the last that read its page, and the last by the
-- moment last scored, which hints rest on; and those that the latest scores cite. Needs service_seen (carry/seen.sql).
WITH scored AS (
    SELECT institution, max(as_of) AS as_of FROM {source}.score.run GROUP BY institution
),

last AS MATERIALIZED (
    SELECT institution, service_id, unnest([last_own_at, last_read_at]) AS checked_at FROM service_seen
    UNION ALL
    -- Watching goes on while a score is being published: of a service that is watched two days are enough.
    SELECT institution, service_id, unnest([
        max(checked_at), max(checked_at) FILTER (WHERE is_up), max(checked_at) FILTER (WHERE tls_ok)
    ])
    FROM (
        SELECT past.institution, past.service_id, past.checked_at, past.is_up, past.tls_ok
        FROM {source}.core.uptime_check AS past
        JOIN scored USING (institution)
        WHERE past.source = 'layanan' AND past.checked_at <= scored.as_of
            AND past.checked_at > scored.as_of - INTERVAL 2 DAY
            AND past.checked_at > (SELECT min(as_of) - INTERVAL 2 DAY FROM scored)
    )
    GROUP BY institution, service_id
),

-- First the levels of these scores: score.finding would put together the findings of all.
reached AS MATERIALIZED (
    SELECT institution, set_id, moved
    FROM {source}.score.level
    SEMI JOIN (
        SELECT arg_max(score_id, (as_of, scored_at)) AS score_id
        FROM {source}.score.run
        GROUP BY institution, instrument, ruleset_hash
    ) AS latest USING (score_id)
),

cited AS MATERIALIZED (
    SELECT DISTINCT
        reached.institution,
        unnest(coalesce(reached.moved[held.criterion].evidence_ids, held.evidence_ids)) AS capture_id
    FROM reached
    JOIN {source}.score.finding_set AS held ON held.set_id = reached.set_id
)

-- Each alone, so that either looks only where such checks can be.
FROM {source}.core.uptime_check
SEMI JOIN last USING (institution, service_id, checked_at)
UNION ALL
FROM {source}.core.uptime_check
SEMI JOIN cited USING (institution, capture_id)
ANTI JOIN last USING (institution, service_id, checked_at)
