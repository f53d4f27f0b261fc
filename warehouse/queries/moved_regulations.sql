-- Institutions of which the model regulation_current at $as_of may say otherwise than at $before of more than when
-- products were seen: a version of a product or of the institution's file begins or ends between the two, or a day on
-- which a product was made, or a year, ends about then. Reads the model institution_current as of $as_of.
SELECT institution
FROM core.regulation
SEMI JOIN institution_current USING (institution)
WHERE (valid_from > $before AND valid_from <= $as_of)
    OR (valid_to > $before AND valid_to <= $as_of)
    OR promulgated_on BETWEEN CAST($before AS DATE) - 1 AND CAST($as_of AS DATE) + 1
    OR enacted_on BETWEEN CAST($before AS DATE) - 1 AND CAST($as_of AS DATE) + 1
UNION
SELECT institution
FROM core.institution
WHERE (valid_from > $before AND valid_from <= $as_of)
    OR (valid_to > $before AND valid_to <= $as_of)
    OR year(CAST($before AS DATE) - 1) != year(CAST($as_of AS DATE) + 1)
