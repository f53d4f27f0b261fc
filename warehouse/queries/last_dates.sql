-- The last scored date of each institution before $as_of, under any rules.
SELECT institution, max(as_of) AS as_of
FROM score.run
WHERE instrument = $instrument AND as_of < $as_of
GROUP BY institution
