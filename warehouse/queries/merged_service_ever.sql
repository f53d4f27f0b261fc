-- The model service_ever at a later date: of what stood, and of `added`, which says the same of the checks since, what is
-- later counts, but for where it begins: more of the same begins nothing.
SELECT
    coalesce(past.number, added.number + (SELECT coalesce(max(number), 0) FROM service_ever))::INTEGER AS number,
    institution, service_id,
    coalesce(past.first_at, added.first_at) AS first_at,
    coalesce(added.latest_at, past.latest_at) AS latest_at,
    coalesce(added.last_up_at, past.last_up_at) AS last_up_at,
    coalesce(added.last_not_failed_at, past.last_not_failed_at) AS last_not_failed_at,
    coalesce(added.last_not_up_at, past.last_not_up_at) AS last_not_up_at,
    coalesce(added.last_told_at, past.last_told_at) AS last_told_at,
    coalesce(added.last_tls_at, past.last_tls_at) AS last_tls_at,
    CASE
        WHEN added.since_at > added.first_at OR added.latest.is_up IS DISTINCT FROM past.latest.is_up
            THEN coalesce(added.since_at, past.since_at)
        ELSE coalesce(past.since_at, added.since_at)
    END AS since_at,
    coalesce(added.latest, past.latest) AS latest,
    coalesce(added.last_up, past.last_up) AS last_up,
    coalesce(added.last_tls, past.last_tls) AS last_tls
FROM service_ever AS past
FULL JOIN added USING (institution, service_id)
