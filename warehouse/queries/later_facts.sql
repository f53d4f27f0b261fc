-- Moments after $as_of at which something on file begins or ceases to count though nothing new is loaded. Reads the
-- models as of $as_of. Evidence that ages is no such thing: its times are with the findings.
WITH moment AS (
    -- A period in a title ends with its year.
    SELECT inst.institution, timezone(inst.time_zone, make_timestamp(topic.period_end + 1, 1, 1, 0, 0, 0)) AS since
    FROM regulation_topic AS topic
    JOIN institution_current AS inst USING (institution)
    WHERE topic.period_end IS NOT NULL
    UNION
    -- A product that is made later repeals from that day on.
    SELECT inst.institution, timezone(inst.time_zone, CAST(made.day AS TIMESTAMP))
    FROM (
        SELECT institution, unnest([promulgated_on, enacted_on]) AS day
        FROM core.regulation
        WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    ) AS made
    JOIN institution_current AS inst USING (institution)
    UNION
    SELECT institution, timezone('UTC', CAST(decided_on AS TIMESTAMP))
    FROM core.official_level
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    UNION
    SELECT inst.institution, timezone(inst.time_zone, CAST(begun.day AS TIMESTAMP))
    FROM (
        SELECT institution, unnest([signed_on, effective_on]) AS day
        FROM core.attestation
        WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    ) AS begun
    JOIN institution_current AS inst USING (institution)
    UNION
    -- Catalogues are neglected where four in five data sets are two years old, and kept where half are not.
    SELECT institution, changed[part] + INTERVAL 730 DAY + INTERVAL 1 MICROSECOND
    FROM (
        SELECT
            institution,
            list_sort(list(modified_at) FILTER (WHERE modified_at IS NOT NULL)) AS changed,
            unnest([(count(*) + 1) // 2, (count(*) * 4 + 4) // 5]) AS part
        FROM dataset_current
        GROUP BY institution
    )
    UNION
    SELECT institution, max(latest_at) + INTERVAL 30 DAY
    FROM service_state
    WHERE checks_30d >= 20 AND days_30d >= 3
    GROUP BY institution
)

SELECT DISTINCT since
FROM moment
WHERE institution = $institution AND since > $as_of
ORDER BY since
LIMIT 25
