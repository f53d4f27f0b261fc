-- The model page_ever at a later date: of what stood, and of `added`, which says the same of the readings since, what is
-- later counts. What showed anything else last is the latest before, where another look came.
SELECT
    coalesce(past.number, added.number + (SELECT coalesce(max(number), 0) FROM page_ever))::INTEGER AS number,
    institution, service_id,
    coalesce(added.told_at, past.told_at) AS told_at,
    coalesce(added.clean_at, past.clean_at) AS clean_at,
    coalesce(added.said, past.said) AS said,
    CASE
        WHEN added.clean_at IS NULL THEN coalesce(past.compromised_since, added.compromised_since)
        ELSE added.compromised_since
    END AS compromised_since,
    coalesce(added.latest_at, past.latest_at) AS latest_at,
    CASE
        WHEN added.other_at IS NOT NULL THEN added.other_at
        WHEN added.look IS NULL OR added.look IS NOT DISTINCT FROM past.look THEN past.other_at
        ELSE past.latest_at
    END AS other_at,
    coalesce(added.look, past.look) AS look,
    CASE WHEN len(added.last) = 3 THEN added.last ELSE list_concat(added.last, past.last)[1:3] END AS last
FROM page_ever AS past
FULL JOIN added USING (institution, service_id)
