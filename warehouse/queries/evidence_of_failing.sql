-- Which of these captures, each of an institution, are of a source whose last run by $as_of was not good.
WITH asked AS (
    SELECT unnest($institutions::VARCHAR[]) AS institution, unnest($ids::VARCHAR[]) AS capture_id
),

failed AS (
    SELECT institution, source
    FROM core.observation
    SEMI JOIN asked USING (institution)
    WHERE observed_at <= $as_of
    GROUP BY institution, source
    HAVING NOT arg_max(is_ok, observed_at)
)

SELECT institution, capture_id
FROM core.capture
SEMI JOIN asked USING (institution, capture_id)
SEMI JOIN failed USING (institution, source)
