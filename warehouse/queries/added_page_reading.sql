-- The model page_reading on a date after $before: the readings since, of institutions but those $moved. Reads the models
-- institution_current and service_window as of $as_of.
WITH by_day AS (
    SELECT
        past.institution, past.service_id, past.source = 'layanan' AND gap.ends_at IS NULL AS is_own,
        coalesce(past.page_title, '') AS title, past.language, past.linked, past.is_compromised,
        past.compromise_evidence, epoch_us(past.checked_at) // 86400000000 AS day,
        CASE WHEN past.is_compromised THEN past.checked_at END AS spam_at,
        count(*) AS readings, min(checked_at) AS first_at, max(checked_at) AS last_at,
        arg_max(struct_pack(checked_at, capture_id), checked_at, 3) AS last
    FROM core.uptime_check AS past
    LEFT JOIN service_window AS gap
        ON gap.institution = past.institution AND gap.service_id = past.service_id
        AND gap.starts_at <= past.checked_at AND gap.ends_at > past.checked_at
    SEMI JOIN institution_current AS asked ON asked.institution = past.institution
    WHERE past.checked_at > $before AND past.checked_at <= $as_of AND past.is_compromised IS NOT NULL
        AND NOT list_contains($moved::VARCHAR[], past.institution)
    GROUP BY ALL
)

SELECT
    * EXCLUDE (day, readings), day // 7 AS week, [struct_pack(day, readings, first_at)] AS days, readings
FROM by_day
