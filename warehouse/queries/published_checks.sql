-- Which uptime checks go into the copy, as a condition on them: of each service the last, the last that read its
-- page, and the last by the moment last scored, which hints rest on; and those that the latest scores cite.
WHERE (institution, service_id, checked_at) IN (
    SELECT (institution, service_id, unnest([
        max(checked_at) FILTER (WHERE source = 'layanan'), max(checked_at) FILTER (WHERE is_compromised IS NOT NULL)
    ]))
    FROM {source}.core.uptime_check
    GROUP BY institution, service_id
    UNION ALL
    -- Watching goes on while a score is being published: of a service that is watched two days are enough.
    SELECT (institution, service_id, unnest([
        max(checked_at), max(checked_at) FILTER (WHERE is_up), max(checked_at) FILTER (WHERE tls_ok)
    ]))
    FROM {source}.core.uptime_check
    JOIN (SELECT institution, max(as_of) AS as_of FROM {source}.score.run GROUP BY institution) AS scored
        USING (institution)
    WHERE source = 'layanan' AND checked_at <= as_of AND checked_at > as_of - INTERVAL 2 DAY
    GROUP BY institution, service_id
) OR (institution, capture_id) IN (
    SELECT (finding.institution, unnest(finding.evidence_ids))
    FROM {source}.score.finding AS finding
    SEMI JOIN (
        SELECT arg_max(score_id, (as_of, scored_at)) AS score_id
        FROM {source}.score.run
        GROUP BY institution, instrument, ruleset_hash
    ) AS latest USING (score_id)
)
