-- Moments come as microseconds, amounts as ten-billionths: whole numbers are read many times faster.
INSERT INTO score.expiry BY NAME
SELECT
    * REPLACE (
        make_timestamptz(changes_at) AS changes_at,
        (proven_change::DECIMAL(18, 0) * 0.0000000001)::DECIMAL(18, 10) AS proven_change,
        (provisional_change::DECIMAL(18, 0) * 0.0000000001)::DECIMAL(18, 10) AS provisional_change
    )
FROM new_rows
