-- Readings of a service's page that tell whether it was taken over or became another at $as_of: those since needed_from
-- (page_known), each that found spam, and the last that found none. One row for all of a week that say the same,
-- with its days (UTC) and the last three readings; each that found spam is one by itself. is_own: by our own check,
-- outside maintenance. On a later date of a run it holds the readings since the date before
-- (added_page_reading.sql), and what follows of them is added to what stood.
WITH told AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.source, coalesce(past.page_title, '') AS title,
        past.language, past.linked, past.is_compromised, past.compromise_evidence, past.capture_id
    FROM core.uptime_check AS past
    JOIN page_known AS known ON known.institution = past.institution AND known.service_id = past.service_id
    WHERE past.checked_at <= $as_of AND past.is_compromised IS NOT NULL
        AND (past.is_compromised OR known.needed_from IS NULL OR past.checked_at > known.needed_from)
),

-- Spells of maintenance are disjoint and few; an ASOF join would sort all readings.
by_day AS (
    SELECT
        told.institution, told.service_id, told.source = 'layanan' AND gap.ends_at IS NULL AS is_own,
        title, language, linked, is_compromised, compromise_evidence, epoch_us(checked_at) // 86400000000 AS day,
        CASE WHEN is_compromised THEN checked_at END AS spam_at,
        count(*) AS readings, min(checked_at) AS first_at, max(checked_at) AS last_at,
        arg_max(struct_pack(checked_at, capture_id), checked_at, 3) AS last
    FROM told
    LEFT JOIN (
        SELECT gap.*
        FROM service_window AS gap
        JOIN page_known AS known ON known.institution = gap.institution AND known.service_id = gap.service_id
        WHERE known.needed_from IS NULL OR gap.ends_at > known.needed_from
    ) AS gap
        ON gap.institution = told.institution AND gap.service_id = told.service_id
        AND gap.starts_at <= told.checked_at AND gap.ends_at > told.checked_at
    GROUP BY ALL
)

SELECT
    institution, service_id, is_own, title, language, linked, is_compromised, compromise_evidence,
    day // 7 AS week, spam_at, list(struct_pack(day, readings, first_at)) AS days,
    sum(readings)::BIGINT AS readings, min(first_at) AS first_at, max(last_at) AS last_at,
    flatten(arg_max(last, last_at, 3))[1:3] AS last
FROM by_day
GROUP BY ALL
UNION ALL BY NAME
-- Of one that is older and found none nothing is asked but when it was.
SELECT institution, service_id, FALSE AS is_own, FALSE AS is_compromised, clean_at AS first_at, clean_at AS last_at
FROM page_known
WHERE clean_at <= needed_from
