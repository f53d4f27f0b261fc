-- Days after $as_of, each as the moment at which it begins where the institution is, on which a legal product may
-- begin or cease to count though nothing new is loaded. Reads the models as of $as_of.
WITH day AS (
    -- A period in a title ends with its year.
    SELECT institution, make_date(period_end + 1, 1, 1) AS day
    FROM regulation_topic
    WHERE period_end BETWEEN 1900 AND 9000
    UNION
    -- A product that is made later repeals from that day on.
    SELECT institution, unnest([promulgated_on, enacted_on]) AS day
    FROM core.regulation
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
)

SELECT day.institution, day.day, timezone(inst.time_zone, CAST(day.day AS TIMESTAMP)) AS since
FROM day
JOIN institution_current AS inst USING (institution)
WHERE timezone(inst.time_zone, CAST(day.day AS TIMESTAMP)) > $as_of
QUALIFY row_number() OVER (PARTITION BY day.institution ORDER BY day.day) <= $most + 1
ORDER BY day.day, day.institution
