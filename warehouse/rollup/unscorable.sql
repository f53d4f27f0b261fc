-- Institutions that cannot be scored as of $scored_as_of, as checks that the models look at one by one ($looked_back before the
-- service's latest check that counts, and its latest reading of the page) are rolled up, each with the first moment from
-- which on all of its services can. Of the latest of either at the roll-up what is looked at was kept (21_kept.sql).
WITH rolled AS (
    SELECT institution, service_id, raw_from, rolled_at
    FROM core.uptime_rolled
    -- What is later than the roll-up has its checks: that is how far it goes.
    WHERE raw_from IS NOT NULL AND $scored_as_of < rolled_at AND list_contains($institutions, institution)
),

seen AS (
    SELECT
        past.institution, past.service_id, past.checked_at, rolled.raw_from,
        past.error_class IS DISTINCT FROM 'own_outage' AND (past.is_up IS TRUE OR NOT in_maintenance) AS counts,
        past.is_compromised IS NOT NULL AND NOT in_maintenance AS is_reading
    FROM (
        SELECT past.*, coalesce(past.checked_at < gap.ends_at, FALSE) AS in_maintenance
        FROM core.uptime_check AS past
        ASOF LEFT JOIN service_window AS gap
            ON gap.institution = past.institution AND gap.service_id = past.service_id
            AND past.checked_at >= gap.starts_at
        SEMI JOIN rolled ON rolled.institution = past.institution AND rolled.service_id = past.service_id
        WHERE past.source = 'layanan'
    ) AS past
    JOIN rolled USING (institution, service_id)
    WHERE past.checked_at <= rolled.rolled_at
),

-- Where nothing of it was before raw_from, nothing of it is gone.
known AS (
    SELECT
        institution, raw_from,
        CASE WHEN min(checked_at) FILTER (WHERE counts) < raw_from THEN least(
            min(checked_at) FILTER (WHERE counts AND checked_at >= raw_from + $looked_back),
            max(checked_at) FILTER (WHERE counts)
        ) END AS state_from,
        CASE WHEN min(checked_at) FILTER (WHERE is_reading) < raw_from THEN least(
            min(checked_at) FILTER (WHERE is_reading AND checked_at >= raw_from + $looked_back),
            max(checked_at) FILTER (WHERE is_reading)
        ) END AS page_from
    FROM seen
    GROUP BY institution, service_id, raw_from
)

SELECT institution, max(greatest(raw_from, state_from, page_from))
FROM known
WHERE state_from IS NOT NULL OR page_from IS NOT NULL
GROUP BY institution
HAVING max(greatest(raw_from, state_from, page_from)) > $scored_as_of
