-- Readings of a service's page that tell whether it was taken over or became another at $as_of, or at any later moment with
-- what is read until then: each that found spam, the last that found none, and those of the 61 days before the last
-- one. Of a service that was in maintenance then all are looked at, as nobody knows for how long. A check that read no whole
-- page says nothing.
WITH told AS NOT MATERIALIZED (
    SELECT
        institution, service_id, checked_at, source, coalesce(page_title, '') AS title, language, linked,
        is_compromised, compromise_evidence, capture_id
    FROM core.uptime_check
    SEMI JOIN institution_current USING (institution)
    WHERE checked_at <= $as_of AND is_compromised IS NOT NULL
),

last AS (
    SELECT
        institution, service_id, max(checked_at) FILTER (WHERE source = 'layanan') AS own_at,
        max(checked_at) FILTER (WHERE NOT is_compromised) AS clean_at
    FROM told
    GROUP BY institution, service_id
),

needed AS (
    SELECT
        last.institution, last.service_id, last.clean_at,
        CASE WHEN gap.ends_at IS NULL OR last.own_at >= gap.ends_at THEN last.own_at - INTERVAL 61 DAY END AS needed_from
    FROM last
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = last.institution AND gap.service_id = last.service_id AND last.own_at >= gap.starts_at
),

kept AS (
    SELECT told.*
    FROM (
        FROM told WHERE checked_at >= (SELECT min(coalesce(needed_from, TIMESTAMPTZ '-infinity')) FROM needed)
    ) AS told
    JOIN needed USING (institution, service_id)
    WHERE needed.needed_from IS NULL OR told.checked_at > needed.needed_from
    UNION ALL
    SELECT told.*
    FROM (FROM told WHERE is_compromised) AS told
    JOIN needed USING (institution, service_id)
    WHERE told.checked_at <= needed.needed_from
    UNION ALL BY NAME
    -- Of one that is older and found none nothing is asked but when it was.
    SELECT institution, service_id, clean_at AS checked_at, FALSE AS is_compromised
    FROM needed
    WHERE clean_at <= needed_from
)

SELECT kept.*, coalesce(kept.checked_at < gap.ends_at, FALSE) AS in_maintenance
FROM kept
ASOF LEFT JOIN service_window AS gap
    ON gap.institution = kept.institution AND gap.service_id = kept.service_id AND kept.checked_at >= gap.starts_at
