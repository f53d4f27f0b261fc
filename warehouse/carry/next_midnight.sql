-- From which moment on more of an institution's checks can be kept: when the day after the last that is kept is over for $settled.
SELECT
    institution,
    timezone(time_zone, (timezone(time_zone, $as_of::TIMESTAMPTZ - $settled)::DATE + 1)::TIMESTAMP) + $settled AS due_at
FROM counted_rule
