-- The checks of before raw_to that stay: what scoring as of any moment since looks back to, however old
-- (transforms/models: the first check; the last of each kind, and what came first after it; the 30 days before the last
-- that counts; the page when it was last read, and its readings of 60 days), and those that the latest scores cite.
CREATE OR REPLACE TEMP TABLE kept AS
WITH past AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.is_up, past.source, past.error_class, past.capture_id,
        past.is_compromised, forgetting.raw_to,
        coalesce(past.checked_at < gap.ends_at, FALSE) AS in_maintenance
    FROM core.uptime_check AS past
    JOIN forgetting USING (institution, service_id)
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = past.institution AND gap.service_id = past.service_id
        AND past.checked_at >= gap.starts_at
    WHERE past.checked_at < forgetting.raw_to
),

-- As service_state reads them.
own AS (
    SELECT institution, service_id, checked_at, is_up
    FROM past
    WHERE source = 'layanan' AND error_class IS DISTINCT FROM 'own_outage' AND (is_up IS TRUE OR NOT in_maintenance)
),

ever AS (
    SELECT
        institution, service_id, min(checked_at) AS first_at, max(checked_at) AS latest_at,
        max(checked_at) FILTER (WHERE is_up) AS last_up_at,
        max(checked_at) FILTER (WHERE is_up IS NULL OR is_up) AS last_not_failed_at,
        max(checked_at) FILTER (WHERE is_up IS NOT TRUE) AS last_not_up_at,
        max(checked_at) FILTER (WHERE is_up IS NOT NULL) AS last_told_at
    FROM own
    GROUP BY institution, service_id
),

after AS (
    SELECT
        own.institution, own.service_id,
        min(checked_at) FILTER (WHERE checked_at > last_not_failed_at) AS after_not_failed_at,
        min(checked_at) FILTER (WHERE checked_at > last_not_up_at) AS after_not_up_at,
        min(checked_at) FILTER (WHERE checked_at > last_told_at) AS after_told_at,
        min(checked_at) FILTER (WHERE checked_at > last_up_at AND NOT is_up) AS turned_at
    FROM own
    JOIN ever USING (institution, service_id)
    GROUP BY own.institution, own.service_id
),

-- As service_compromise reads them; and the last reading that service_change would look at.
page AS (
    SELECT
        institution, service_id, max(checked_at) AS told_at,
        max(checked_at) FILTER (WHERE NOT is_compromised) AS clean_at,
        max(checked_at) FILTER (WHERE source = 'layanan' AND NOT in_maintenance) AS read_at
    FROM past
    WHERE is_compromised IS NOT NULL
    GROUP BY institution, service_id
),

taken AS (
    SELECT past.institution, past.service_id, min(past.checked_at) AS taken_at
    FROM past
    JOIN page USING (institution, service_id)
    WHERE past.is_compromised AND (page.clean_at IS NULL OR past.checked_at > page.clean_at)
    GROUP BY past.institution, past.service_id
),

-- The latest check that counts and the latest reading of the page: in long maintenance, or in an outage of our own, either is
-- older than the latest check. Only where a window covers the latest, the ones before have to be looked at.
newest AS (
    SELECT
        past.institution, past.service_id,
        max(past.checked_at) FILTER (WHERE past.error_class IS DISTINCT FROM 'own_outage') AS own_at,
        max(past.checked_at) FILTER (WHERE past.is_compromised IS NOT NULL) AS read_at
    FROM core.uptime_check AS past
    JOIN forgetting USING (institution, service_id)
    WHERE past.source = 'layanan' AND past.checked_at <= $now
    GROUP BY past.institution, past.service_id
),

covered AS (
    SELECT DISTINCT newest.institution, newest.service_id
    FROM newest
    JOIN service_window AS gap USING (institution, service_id)
    WHERE (newest.own_at >= gap.starts_at AND newest.own_at < gap.ends_at)
        OR (newest.read_at >= gap.starts_at AND newest.read_at < gap.ends_at)
),

latest AS (
    FROM newest ANTI JOIN covered USING (institution, service_id)
    UNION ALL
    SELECT
        past.institution, past.service_id,
        max(past.checked_at) FILTER (
            WHERE past.error_class IS DISTINCT FROM 'own_outage'
            AND (past.is_up IS TRUE OR gap.ends_at IS NULL OR past.checked_at >= gap.ends_at)
        ),
        max(past.checked_at) FILTER (
            WHERE past.is_compromised IS NOT NULL AND (gap.ends_at IS NULL OR past.checked_at >= gap.ends_at)
        )
    FROM core.uptime_check AS past
    ASOF LEFT JOIN service_window AS gap
        ON gap.institution = past.institution AND gap.service_id = past.service_id
        AND past.checked_at >= gap.starts_at
    SEMI JOIN covered ON covered.institution = past.institution AND covered.service_id = past.service_id
    WHERE past.source = 'layanan' AND past.checked_at <= $now
    GROUP BY past.institution, past.service_id
),

cited AS (
    SELECT DISTINCT finding.institution, unnest(finding.evidence_ids) AS capture_id
    FROM score.finding AS finding
    JOIN (
        SELECT institution, arg_max(score_id, (as_of, scored_at)) AS score_id
        FROM score.run
        GROUP BY institution, instrument
    ) AS latest USING (institution, score_id)
    WHERE finding.institution = $institution
)

SELECT institution, service_id, unnest([
    first_at, latest_at, last_up_at, last_not_failed_at, last_not_up_at, last_told_at,
    after_not_failed_at, after_not_up_at, after_told_at, turned_at
]) AS checked_at
FROM ever
LEFT JOIN after USING (institution, service_id)
UNION
SELECT institution, service_id, min(checked_at) FROM past GROUP BY institution, service_id
UNION
SELECT institution, service_id, unnest([told_at, clean_at, taken_at, read_at])
FROM page
LEFT JOIN taken USING (institution, service_id)
UNION
SELECT own.institution, own.service_id, own.checked_at
FROM own
JOIN latest USING (institution, service_id)
WHERE own.checked_at > latest.own_at - INTERVAL 31 DAY
UNION
SELECT past.institution, past.service_id, past.checked_at
FROM past
JOIN latest USING (institution, service_id)
WHERE past.source = 'layanan' AND past.is_compromised IS NOT NULL AND NOT past.in_maintenance
    AND past.checked_at > latest.read_at - INTERVAL 61 DAY
UNION
SELECT past.institution, past.service_id, past.checked_at FROM past SEMI JOIN cited USING (institution, capture_id)
