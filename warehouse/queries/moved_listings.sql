-- Institutions of which the models of what sources list may say otherwise at $as_of than at $before, and of which kind of
-- listing: a version of what is listed, or of the institution's file, begins or ends between the two; of a legal product also a
-- day on which one was made, or a year, ends about then. Reads the model institution_current as of $as_of.
SELECT 'regulation' AS kind, institution
FROM core.regulation
SEMI JOIN institution_current USING (institution)
WHERE (valid_from > $before AND valid_from <= $as_of)
    OR (valid_to > $before AND valid_to <= $as_of)
    OR promulgated_on BETWEEN CAST($before AS DATE) - 1 AND CAST($as_of AS DATE) + 1
    OR enacted_on BETWEEN CAST($before AS DATE) - 1 AND CAST($as_of AS DATE) + 1
UNION
SELECT 'application', institution
FROM core.application
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
UNION
SELECT 'dataset', institution
FROM core.dataset
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
UNION
SELECT unnest(['file', 'regulation', 'application', 'dataset']), institution
FROM core.institution
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
UNION
SELECT 'regulation', institution
FROM core.institution
WHERE year(CAST($before AS DATE) - 1) != year(CAST($as_of AS DATE) + 1)
