-- What a share wrote down of $dates, as the next operations of each institution; `after` where it did not know all
-- that was done before.
SELECT
    own.institution,
    coalesce(here.seq, -1) + row_number() OVER (PARTITION BY own.institution ORDER BY own.seq) AS seq,
    own.kind, own.done_at,
    -- As sorted as what is written down is: no key comes before "after".
    if(unseen.after IS NULL, '', '{"after":' || unseen.after || ',')
    || if(unseen.after IS NULL, own.content, substr(own.content, 2)) AS content
FROM share.ops.operation AS own
LEFT JOIN share.main.stood_operation AS stood ON stood.institution = own.institution
LEFT JOIN (
    SELECT institution, max(seq) AS seq
    FROM ops.operation
    GROUP BY institution
) AS here ON here.institution = own.institution
LEFT JOIN unseen ON unseen.institution = own.institution
WHERE own.seq > coalesce(stood.seq, -1)
    AND list_contains($dates::VARCHAR[], json_extract_string(own.content, '$.as_of'))
