-- What is known of the page of each service over all of history (page_reading), in one row: what the latest reading found of
-- spam, and what is shown. look is what the latest reading of our own shows, other_at when one last showed anything
-- else, last the last three of them; number stands for the service where there are many rows of it (page_week).
-- A later date joins what came since (merged_page_ever.sql).
WITH shown AS (
    SELECT
        institution, service_id, is_own, title, language, linked,
        max(last_at) AS told_at,
        max(last_at) FILTER (WHERE NOT is_compromised) AS clean_at,
        arg_max(
            struct_pack(is_compromised, compromise_evidence, capture_id := page_reading.last[1].capture_id), last_at
        ) AS said,
        arg_max(last, last_at, 3) AS last
    FROM page_reading
    GROUP BY institution, service_id, is_own, title, language, linked
),

ever AS (
    SELECT
        institution, service_id,
        max(told_at) AS told_at,
        max(clean_at) AS clean_at,
        arg_max(said, told_at) AS said,
        max(told_at) FILTER (WHERE is_own) AS latest_at,
        (max(told_at, 2) FILTER (WHERE is_own))[2] AS other_at,
        arg_max(struct_pack(title, language, linked), told_at) FILTER (WHERE is_own) AS look,
        list_reverse_sort(flatten(flatten(list(last) FILTER (WHERE is_own))))[1:3] AS last
    FROM shown
    GROUP BY institution, service_id
),

taken AS (
    SELECT institution, service_id, min(first_at) AS compromised_since
    FROM (FROM page_reading WHERE is_compromised)
    JOIN ever USING (institution, service_id)
    WHERE ever.clean_at IS NULL OR first_at > ever.clean_at
    GROUP BY institution, service_id
)

SELECT (row_number() OVER ())::INTEGER AS number, ever.*, taken.compromised_since
FROM ever
LEFT JOIN taken USING (institution, service_id)
