-- Spells of one state, and the whole time under watch, cut at local midnights: whole microseconds, and how many of them
-- are maintenance. Nothing before counted_from.
WITH spell AS (
    SELECT
        service_no, greatest(checked_at, counted_from) AS starts_at, ends_at,
        CASE WHEN is_up THEN 'up' WHEN NOT is_up THEN 'down' END AS kind,
        CASE WHEN NOT is_up THEN outage_at END AS outage_at,
        day, NOT is_before AND ends_at <= day_ends_at AS is_whole
    FROM counted_told
    JOIN (SELECT service_no, counted_from FROM counted_service) AS service USING (service_no)
    WHERE is_up IS NOT NULL AND (counted_from IS NULL OR ends_at > counted_from)
    UNION ALL
    SELECT
        service_no, greatest(min(checked_at), any_value(service.counted_from)), $as_of::TIMESTAMPTZ, 'watched', NULL,
        NULL, FALSE
    FROM counted_told
    JOIN counted_service AS service USING (service_no)
    GROUP BY service_no
),

piece AS (
    SELECT service_no, kind, outage_at, day, starts_at, ends_at FROM spell WHERE is_whole
    UNION ALL
    SELECT
        spell.service_no, spell.kind, spell.outage_at, cut.day::DATE AS day,
        greatest(starts_at, timezone(time_zone, cut.day)) AS starts_at,
        least(ends_at, timezone(time_zone, cut.day + INTERVAL 1 DAY)) AS ends_at
    FROM (
        FROM spell JOIN (SELECT service_no, time_zone FROM counted_service) AS service USING (service_no) WHERE NOT is_whole
    ) AS spell,
    unnest(generate_series(
        date_trunc('day', timezone(time_zone, starts_at)), timezone(time_zone, ends_at), INTERVAL 1 DAY
    )) AS cut (day)
),

excluded AS (
    SELECT
        piece.service_no, piece.kind, piece.starts_at,
        sum(epoch_us(least(piece.ends_at, gap.ends_at)) - epoch_us(greatest(piece.starts_at, gap.starts_at)))::BIGINT AS us
    FROM piece
    JOIN (
        SELECT service.service_no, part.starts_at, part.ends_at
        FROM service_window AS part
        JOIN counted_service AS service USING (institution, service_id)
    ) AS gap
        ON gap.service_no = piece.service_no AND gap.starts_at < piece.ends_at AND gap.ends_at > piece.starts_at
    GROUP BY piece.service_no, piece.kind, piece.starts_at
)

SELECT
    piece.*,
    coalesce(excluded.us, 0) AS excluded_us,
    epoch_us(piece.ends_at) - epoch_us(piece.starts_at) - coalesce(excluded.us, 0) AS us
FROM piece
LEFT JOIN excluded USING (service_no, kind, starts_at)
