-- Moments after $as_of at which a catalogue begins to be neglected, or ceases to be kept, if nobody touches it: where
-- four in five of its data sets are two years old, and where half are. Reads the models as of $as_of.
SELECT institution, changed[part] + INTERVAL 730 DAY + INTERVAL 1 MICROSECOND AS since
FROM (
    SELECT
        institution,
        list_sort(list(modified_at) FILTER (WHERE modified_at IS NOT NULL)) AS changed,
        unnest([(count(*) + 1) // 2, (count(*) * 4 + 4) // 5]) AS part
    FROM dataset_current
    GROUP BY institution
    HAVING count(*) >= 10
)
WHERE changed[part] + INTERVAL 730 DAY + INTERVAL 1 MICROSECOND > $as_of
ORDER BY institution, since
