-- Listings of legal products, one row per institution and source: how many products that are no drafts they have, of how many
-- of them the text can be downloaded, and since when the last of these is listed. `institution_products` are those of all listings
-- of the institution, drafts too. A link to the publisher's own machine, as some systems emit, is no download.
WITH counted AS (
    SELECT institution, count(DISTINCT regulation) AS institution_products
    FROM regulation_current
    GROUP BY institution
)

SELECT
    reg.institution, reg.source,
    any_value(counted.institution_products) AS institution_products,
    max(reg.listed_from) AS listed_from,
    count(*) FILTER (WHERE reg.state != 'rancangan') AS listed,
    count(*) FILTER (
        WHERE reg.state != 'rancangan'
          AND regexp_matches(lower(reg.file_url), '^https?://')
          AND NOT regexp_matches(lower(reg.file_url), '^https?://(?:localhost|127\.|0\.0\.0\.0|\[::1\])')
    ) AS downloadable,
    list_sort(list_distinct(list(reg.capture_id) FILTER (WHERE reg.state != 'rancangan')))[1:5] AS capture_ids,
    max(reg.listed_from) FILTER (WHERE reg.state != 'rancangan') AS no_drafts_from
FROM regulation_current AS reg
JOIN counted USING (institution)
GROUP BY reg.institution, reg.source
