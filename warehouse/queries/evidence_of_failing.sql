-- Which of these captures are of a source whose last run by $as_of was not good.
SELECT capture.capture_id
FROM core.capture AS capture
JOIN (
    SELECT institution, source
    FROM core.observation
    WHERE observed_at <= $as_of
    GROUP BY institution, source
    HAVING NOT arg_max(is_ok, observed_at)
) AS failed USING (institution, source)
WHERE capture.institution = $institution AND list_contains($ids, capture.capture_id)
