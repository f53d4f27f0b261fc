-- The state of every watched service at $as_of.
-- A service is down when every check failed for as long as the institution's file says (down_after), over two
-- connections or more: one failed connection is a hiccup, and a check that records a failure has tried a second one. A check
-- that could not tell (blocked) is no failure; one of a run that was our own outage is no check at all.
-- down_since is when the unbroken failures began. TLS is judged by the latest check that could judge it; a bad
-- certificate, too, counts only where a second connection met it.
-- The 30 days are those before the latest check: what was found does not lapse because watching stopped.
-- In maintenance (service_window) a check that is not up is no check at all, no check counts among the 30 days,
-- and the time does not count towards down_after. Histories from other tools are not looked at.
-- A service is flapping that changed between up and down more often than the institution's file says within as long
-- before the latest check as it says; flapping_since is the first change of those that followed so closely.
WITH service AS (
    SELECT institution, service_id, name, url, agency
    FROM core.service
    SEMI JOIN institution_current USING (institution)
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

-- needed_from is the first moment that the state of a service can ask for. Times are in hours, as days would be counted by a
-- calendar, which takes five times as long.
ever AS (
    SELECT
        number, institution, latest_at, last_not_failed_at, latest_at - INTERVAL 720 HOUR AS recent_from,
        epoch_us(latest_at - INTERVAL 720 HOUR) // 86400000000 AS recent_day,
        least(latest_at - INTERVAL 720 HOUR, last_up_at, coalesce(last_not_failed_at, first_at)) AS needed_from
    FROM service_ever
),

-- Days of which checks may be older than the 30 days.
early AS (
    FROM service_per_day
    WHERE day <= epoch_us($as_of::TIMESTAMPTZ - INTERVAL 720 HOUR) // 86400000000
),

-- Of the days held, what is not of the 30 days: it is taken from the whole, as there is little of it. The day in which the
-- 30 days begin counts as one while a check of it is among them.
gone AS (
    SELECT
        past.number,
        sum(past.checks) FILTER (WHERE past.first_at <= ever.recent_from) AS checks,
        sum(past.up) FILTER (WHERE past.first_at <= ever.recent_from) AS up,
        sum(past.days) - (max(past.last_at) > any_value(ever.recent_from))::INTEGER AS days
    FROM early AS past
    JOIN ever USING (number)
    WHERE past.day <= ever.recent_day
    GROUP BY past.number
),

-- Checks of that day that are of the 30 days, where the 30 days begin between checks that are counted as one.
begun AS (
    SELECT found.number, count(*) AS checks, count(*) FILTER (WHERE past.is_up) AS up
    FROM service_check AS past
    JOIN (
        SELECT known.institution, known.service_id, ever.number, ever.recent_from, max(day.last_at) AS until_at
        FROM early AS day
        JOIN ever USING (number)
        JOIN service_ever AS known USING (number)
        WHERE day.first_at <= ever.recent_from AND day.last_at > ever.recent_from
        GROUP BY ALL
    ) AS found USING (institution, service_id)
    WHERE past.checked_at > found.recent_from AND past.checked_at <= found.until_at
        AND past.is_up IS NOT NULL AND NOT past.in_maintenance
    GROUP BY found.number
),

wording (error_class, fault) AS (
    VALUES
    ('dns', 'nama host tidak ditemukan'),
    ('refused', 'sambungan ditolak'),
    ('timeout', 'tidak menjawab'),
    ('reset', 'sambungan diputus'),
    ('empty_reply', 'tidak memberi jawaban HTTP'),
    ('redirect_loop', 'pengalihan tanpa akhir'),
    ('text_missing', 'teks pengenal tidak ada pada halaman'),
    ('json_mismatch', 'isi jawaban JSON tidak sesuai'),
    ('too_large', 'halaman terlalu besar'),
    ('tls_expired', 'sertifikat TLS kedaluwarsa'),
    ('tls_self_signed', 'sertifikat TLS ditandatangani sendiri'),
    ('tls_incomplete_chain', 'rantai sertifikat TLS tidak lengkap'),
    ('tls_wrong_host', 'sertifikat TLS untuk nama host lain'),
    ('tls_other', 'sambungan TLS gagal')
),

outage AS (
    SELECT
        number,
        min(checked_at) FILTER (WHERE is_in_outage) AS down_since,
        sum(attempts) FILTER (WHERE is_in_outage) AS failed_connections,
        arg_max(capture_id, checked_at, 3) FILTER (WHERE checked_at > recent_from)
            AS failed_capture_ids
    FROM (
        SELECT
            number, past.checked_at, past.attempts, past.capture_id, ever.recent_from,
            ever.last_not_failed_at IS NULL OR past.checked_at > ever.last_not_failed_at AS is_in_outage
        FROM service_failure AS past
        JOIN ever USING (number)
    )
    GROUP BY number
),

turns AS (
    SELECT
        number,
        max(checked_at) AS turned_at,
        count(*) FILTER (WHERE checked_at > latest_at - within) AS turns,
        max(checked_at) FILTER (WHERE begins) AS flapping_since
    FROM (
        SELECT
            number, turn.checked_at, ever.latest_at,
            coalesce(rule.flapping_within, INTERVAL 6 HOUR) AS within,
            coalesce(checked_at - lag(checked_at) OVER (PARTITION BY number ORDER BY checked_at) > within, TRUE)
                AS begins
        FROM service_reversal AS turn
        JOIN ever USING (number)
        JOIN institution_current AS rule USING (institution)
        WHERE turn.after_at >= ever.needed_from
    )
    GROUP BY number
),

-- Maintenance since the last check that had not failed.
paused AS (
    SELECT
        known.number,
        to_microseconds(sum(
            epoch_us(least(gap.ends_at, known.latest_at))
            - epoch_us(greatest(gap.starts_at, known.last_not_failed_at))
        )::BIGINT) AS lasted
    FROM service_window AS gap
    JOIN service_ever AS known USING (institution, service_id)
    WHERE gap.starts_at < known.latest_at AND gap.ends_at > known.last_not_failed_at
    GROUP BY known.number
)

SELECT
    service.institution, service.service_id, service.name, service.url, service.agency,
    known.latest_at,
    known.latest.is_up AS is_up,
    known.latest.status AS status,
    known.latest.error_class AS error_class,
    coalesce(said.fault, replace(known.latest.error_class, 'http_', 'HTTP ')) AS fault,
    known.latest.capture_id AS capture_id,
    known.last_up_at, known.last_up.capture_id AS last_up_capture_id, known.since_at,
    outage.down_since,
    CASE
        WHEN outage.failed_connections >= 2 THEN known.last_not_failed_at IS NULL
            OR known.last_not_failed_at + coalesce(paused.lasted, INTERVAL 0 SECOND)
                <= known.latest_at - inst.down_after
        ELSE FALSE
    END AS is_down,
    gap.ends_at IS NOT NULL AS is_in_maintenance,
    coalesce(turns.turns > coalesce(inst.flapping_changes, 4), FALSE) AS is_flapping,
    coalesce(turns.turns, 0) AS turns,
    turns.flapping_since,
    turns.turned_at,
    coalesce(held.checks, 0) - coalesce(gone.checks, 0) + coalesce(begun.checks, 0) AS checks_30d,
    coalesce(held.up, 0) - coalesce(gone.up, 0) + coalesce(begun.up, 0) AS up_30d,
    coalesce(held.days, 0) - coalesce(gone.days, 0) AS days_30d,
    outage.failed_capture_ids,
    CASE
        WHEN NOT judged.is_https THEN 'tanpa_https'
        WHEN judged.tls_ok THEN 'sah'
        WHEN judged.attempts >= 2 THEN 'tidak_sah'
    END AS tls,
    judged.checked_at AS tls_checked_at,
    judged.cert_expires_at AS cert_expires_at,
    coalesce(tls_said.fault, replace(judged.error_class, 'http_', 'HTTP ')) AS tls_fault,
    judged.capture_id AS tls_capture_id
FROM service
JOIN (
    SELECT *, CASE WHEN last_tls_at > latest_at - INTERVAL 720 HOUR THEN last_tls END AS judged FROM service_ever
) AS known USING (institution, service_id)
JOIN institution_current AS inst USING (institution)
LEFT JOIN service_per_month AS held USING (number)
LEFT JOIN gone USING (number)
LEFT JOIN begun USING (number)
LEFT JOIN wording AS said ON said.error_class = known.latest.error_class
LEFT JOIN wording AS tls_said ON tls_said.error_class = judged.error_class
LEFT JOIN outage USING (number)
LEFT JOIN paused USING (number)
LEFT JOIN turns USING (number)
-- Spells are disjoint, so of each service there is one at most.
LEFT JOIN (FROM service_window WHERE starts_at <= $as_of AND ends_at > $as_of) AS gap
    ON gap.institution = service.institution AND gap.service_id = service.service_id
