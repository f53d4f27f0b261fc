-- Moments come as microseconds, amounts as ten-billionths: whole numbers are read many times faster.
INSERT INTO score.forecast BY NAME
SELECT
    * REPLACE (
        make_timestamptz(changes_at) AS changes_at,
        make_timestamptz(known_until::BIGINT) AS known_until,
        (proven::DECIMAL(18, 0) * 0.0000000001)::DECIMAL(18, 10) AS proven,
        (provisional::DECIMAL(18, 0) * 0.0000000001)::DECIMAL(18, 10) AS provisional,
        (possible::DECIMAL(18, 0) * 0.0000000001)::DECIMAL(18, 10) AS possible
    )
FROM new_rows
