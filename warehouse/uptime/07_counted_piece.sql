-- Spells of one state, and the whole time under watch, cut at local midnights: whole microseconds, and how many of them
-- are maintenance. Nothing before counted_from.
WITH spell AS (
    SELECT
        service_no, institution, service_id, time_zone, greatest(checked_at, counted_from) AS starts_at, ends_at,
        CASE WHEN is_up THEN 'up' WHEN NOT is_up THEN 'down' END AS kind,
        CASE WHEN NOT is_up THEN outage_at END AS outage_at,
        day, NOT is_before AND ends_at <= day_ends_at AS is_whole
    FROM counted_told
    WHERE is_up IS NOT NULL AND (counted_from IS NULL OR ends_at > counted_from)
    UNION ALL
    SELECT
        service_no, any_value(institution), any_value(service_id), any_value(time_zone),
        greatest(min(checked_at), any_value(counted_from)), $as_of::TIMESTAMPTZ, 'watched', NULL, NULL, FALSE
    FROM counted_told
    GROUP BY service_no
),

piece AS (
    SELECT service_no, institution, service_id, kind, outage_at, day, starts_at, ends_at FROM spell WHERE is_whole
    UNION ALL
    SELECT
        spell.service_no, spell.institution, spell.service_id, spell.kind, spell.outage_at,
        cut.day::DATE AS day,
        greatest(starts_at, timezone(time_zone, cut.day)) AS starts_at,
        least(ends_at, timezone(time_zone, cut.day + INTERVAL 1 DAY)) AS ends_at
    FROM spell,
    unnest(generate_series(
        date_trunc('day', timezone(time_zone, starts_at)), timezone(time_zone, ends_at), INTERVAL 1 DAY
    )) AS cut (day)
    WHERE NOT is_whole
),

excluded AS (
    SELECT
        piece.service_no, piece.kind, piece.starts_at,
        sum(epoch_us(least(piece.ends_at, gap.ends_at)) - epoch_us(greatest(piece.starts_at, gap.starts_at)))::BIGINT AS us
    FROM piece
    JOIN service_window AS gap
        ON gap.institution = piece.institution AND gap.service_id = piece.service_id
        AND gap.starts_at < piece.ends_at AND gap.ends_at > piece.starts_at
    GROUP BY piece.service_no, piece.kind, piece.starts_at
)

SELECT
    piece.*,
    coalesce(excluded.us, 0) AS excluded_us,
    epoch_us(piece.ends_at) - epoch_us(piece.starts_at) - coalesce(excluded.us, 0) AS us
FROM piece
LEFT JOIN excluded USING (service_no, kind, starts_at)
