-- The last of $dates at which each institution was known with each instrument: who is to be scored at which of them
-- for a later date to find the scores that it is compared with.
WITH asked AS (
    SELECT
        day.as_of, inst.institution,
        unnest(list_prepend(inst.instrument, coalesce(inst.also, []))) AS instrument
    FROM (SELECT unnest($dates::TIMESTAMPTZ[]) AS as_of) AS day
    JOIN core.institution AS inst
        ON inst.valid_from <= day.as_of AND (inst.valid_to IS NULL OR inst.valid_to > day.as_of)
),

last_asked AS (
    SELECT institution, instrument, max(as_of) AS as_of
    FROM asked
    GROUP BY institution, instrument
)

SELECT as_of, list(DISTINCT institution ORDER BY institution) AS institutions
FROM last_asked
GROUP BY as_of
ORDER BY as_of
