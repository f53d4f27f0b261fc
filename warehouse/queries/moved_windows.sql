-- Institutions of which checks of before $before may count otherwise at $as_of, as a version of their file or of a
-- maintenance window begins or ends between the two. Reads the model institution_current as of $as_of.
SELECT institution
FROM core.institution
SEMI JOIN institution_current USING (institution)
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
UNION
SELECT institution
FROM core.maintenance
SEMI JOIN institution_current USING (institution)
WHERE (valid_from > $before AND valid_from <= $as_of) OR (valid_to > $before AND valid_to <= $as_of)
