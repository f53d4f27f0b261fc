-- Since when readings of each service's page are looked at, at $as_of (page_reading): the 61 days before the last one,
-- or all (NULL) of a service that was in maintenance then, as nobody knows for how long. clean_at is when one last
-- found no spam. A check that read no whole page says nothing.
WITH last AS (
    SELECT
        institution, service_id, max(checked_at) FILTER (WHERE source = 'layanan') AS own_at,
        max(checked_at) FILTER (WHERE NOT is_compromised) AS clean_at
    FROM core.uptime_check
    SEMI JOIN institution_current USING (institution)
    WHERE checked_at <= $as_of AND is_compromised IS NOT NULL
    GROUP BY institution, service_id
)

SELECT
    last.institution, last.service_id, last.clean_at,
    CASE WHEN gap.ends_at IS NULL OR last.own_at >= gap.ends_at THEN last.own_at - INTERVAL 61 DAY END AS needed_from
FROM last
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = last.institution AND gap.service_id = last.service_id AND last.own_at >= gap.starts_at
