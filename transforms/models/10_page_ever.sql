-- What is known of the page of each service over all of history (page_reading), in one row: what the latest reading found of
-- spam, and what is shown. look is what the latest reading of our own shows, other_at when one last showed anything
-- else, last the last three of them; number stands for the service where there are many rows of it (page_week).
-- A later date joins what came since (merged_page_ever.sql).
WITH ever AS (
    SELECT
        institution, service_id,
        max(last_at) AS told_at,
        max(last_at) FILTER (WHERE NOT is_compromised) AS clean_at,
        arg_max(
            struct_pack(is_compromised, compromise_evidence, capture_id := page_reading.last[1].capture_id), last_at
        ) AS said,
        max(last_at) FILTER (WHERE is_own) AS latest_at,
        arg_max(struct_pack(title, language, linked), last_at) FILTER (WHERE is_own) AS look,
        arg_max(last, last_at, 3) FILTER (WHERE is_own) AS last
    FROM page_reading
    GROUP BY institution, service_id
),

other AS (
    SELECT institution, service_id, max(last_at) AS other_at
    FROM (FROM page_reading WHERE is_own)
    JOIN ever USING (institution, service_id)
    WHERE struct_pack(title, language, linked) IS DISTINCT FROM look
    GROUP BY institution, service_id
),

taken AS (
    SELECT institution, service_id, min(first_at) AS compromised_since
    FROM (FROM page_reading WHERE is_compromised)
    JOIN ever USING (institution, service_id)
    WHERE ever.clean_at IS NULL OR first_at > ever.clean_at
    GROUP BY institution, service_id
)

SELECT
    (row_number() OVER ())::INTEGER AS number,
    ever.* REPLACE (
        CASE WHEN len(ever.last) = 1 THEN ever.last[1] ELSE list_reverse_sort(flatten(ever.last))[1:3] END AS last
    ),
    other.other_at, taken.compromised_since
FROM ever
LEFT JOIN other USING (institution, service_id)
LEFT JOIN taken USING (institution, service_id)
