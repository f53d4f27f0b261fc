-- The targets of each institution's file at $as_of, the latest official result of its instrument that was decided by then,
-- and the last that was told of the path.
WITH known AS (
    SELECT institution, instrument, time_zone
    FROM core.institution
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

target AS (
    SELECT institution, list(struct_pack(year, target) ORDER BY year) AS targets
    FROM core.target
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    GROUP BY institution
),

official AS (
    SELECT known.institution, arg_max(struct_pack(year, index_value), result.year) AS official
    FROM core.official_result AS result
    JOIN known ON known.institution = result.institution AND known.instrument = result.instrument
    WHERE result.valid_from <= $as_of AND (result.valid_to IS NULL OR result.valid_to > $as_of)
        AND result.decided_on <= CAST(timezone(known.time_zone, $as_of) AS DATE)
    GROUP BY known.institution
),

told AS (
    SELECT institution, arg_max(struct_pack(kind, event_key), (created_at, ordinal)) AS last
    FROM ops.outbox
    WHERE kind IN ('below_target_path', 'target_path_regained')
    GROUP BY institution
)

SELECT
    target.institution, target.targets, official.official,
    CASE WHEN told.last.kind = 'below_target_path' THEN told.last.event_key END AS told_key
FROM target
JOIN known USING (institution)
LEFT JOIN official USING (institution)
LEFT JOIN told USING (institution)
ORDER BY target.institution
