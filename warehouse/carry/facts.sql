-- What counting an institution's checks rests on besides these, in numbers that change when it does: what its file says, and
-- all that was done to its rows up to an operation.
CREATE OR REPLACE TEMP TABLE facts AS
WITH done AS (
    SELECT institution, max(seq) AS last_seq, bit_xor(hash(done)) AS digest
    FROM ops.operation AS done
    GROUP BY institution
),

file AS (
    SELECT institution, sum(digest::HUGEINT) AS file_digest
    FROM (
        SELECT institution, hash('institution', said, coalesce(said.valid_to > $as_of, TRUE)) AS digest
        FROM core.institution AS said
        WHERE valid_from <= $as_of
        UNION ALL
        SELECT institution, hash('service', said) FROM core.service AS said WHERE valid_from <= $as_of
        UNION ALL
        SELECT institution, hash('maintenance', said) FROM core.maintenance AS said WHERE valid_from <= $as_of
    )
    GROUP BY institution
)

FROM done FULL JOIN file USING (institution)
