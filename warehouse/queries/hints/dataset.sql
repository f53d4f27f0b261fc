-- The catalogue whose data sets a hint counts ("9 dari 12 himpunan data dalam katalog X dapat diunduh ..."): the first five
-- captures, as the probe has them.
SELECT
    hinted.score_id, hinted.institution, hinted.criterion,
    unnest(list_sort(list(DISTINCT data.capture_id))[1:5]) AS capture_id
FROM hinted
JOIN core.dataset AS data
    ON data.institution = hinted.institution
    AND data.valid_from <= hinted.as_of AND (data.valid_to IS NULL OR data.valid_to > hinted.as_of)
WHERE contains(hinted.said, ' himpunan data dalam katalog ' || data.source || ' dapat diunduh ')
GROUP BY hinted.score_id, hinted.institution, hinted.criterion
