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

ever AS (
    SELECT
        *,
        latest_at - INTERVAL 30 DAY AS recent_from,
        epoch_us(latest_at - INTERVAL 30 DAY) // 86400000000 AS recent_day,
        least(latest_at - INTERVAL 30 DAY, last_up_at, coalesce(last_not_failed_at, first_at)) AS needed_from
    FROM service_ever
    SEMI JOIN service USING (institution, service_id)
),

-- A day counts whole, or, where the 30 days begin within it, by its single checks. Days that count are marked in the bits
-- of a number, as there are 31 at most.
counted AS (
    SELECT
        number, sum(checks)::BIGINT AS checks_30d, sum(up)::BIGINT AS up_30d,
        bit_count(bit_or(1::BIGINT << (day - recent_day)))::BIGINT AS days_30d
    FROM (
        SELECT past.number, past.day, past.checks, past.up, ever.recent_day
        FROM (FROM service_per_day WHERE last_at > (SELECT min(recent_from) FROM ever)) AS past
        JOIN ever USING (number)
        WHERE past.first_at > ever.recent_from
        UNION ALL
        SELECT begun.number, begun.day, 1, past.is_up::BIGINT, begun.recent_day
        FROM service_check AS past
        JOIN (
            SELECT ever.*, first.day, first.last_at
            FROM (
                FROM service_per_day
                WHERE last_at > (SELECT min(recent_from) FROM ever)
                    AND first_at <= (SELECT max(recent_from) FROM ever)
            ) AS first
            JOIN ever USING (number)
            WHERE first.first_at <= ever.recent_from AND first.last_at > ever.recent_from
        ) AS begun USING (institution, service_id)
        WHERE past.checked_at > begun.recent_from AND past.checked_at <= begun.last_at
            AND past.is_up IS NOT NULL AND NOT past.in_maintenance
    )
    GROUP BY number
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

tls AS (
    SELECT
        ever.institution, ever.service_id, unnest(ever.last_tls),
        CASE
            WHEN NOT ever.last_tls.is_https THEN 'tanpa_https'
            WHEN ever.last_tls.tls_ok THEN 'sah'
            ELSE 'tidak_sah'
        END AS verdict
    FROM ever
    WHERE ever.last_tls_at > ever.recent_from
),

failed AS (
    SELECT past.institution, past.service_id, past.checked_at, past.attempts, past.capture_id,
        ever.recent_from,
        ever.last_not_failed_at IS NULL OR past.checked_at > ever.last_not_failed_at AS is_in_outage
    FROM (FROM service_check WHERE NOT is_up AND checked_at >= (SELECT min(needed_from) FROM ever)) AS past
    JOIN ever USING (institution, service_id)
),

outage AS (
    SELECT
        institution, service_id,
        min(checked_at) FILTER (WHERE is_in_outage) AS down_since,
        sum(attempts) FILTER (WHERE is_in_outage) AS failed_connections,
        arg_max(capture_id, checked_at, 3) FILTER (WHERE checked_at > recent_from)
            AS failed_capture_ids
    FROM failed
    GROUP BY institution, service_id
),

turns AS (
    SELECT
        institution, service_id,
        max(checked_at) AS turned_at,
        count(*) FILTER (WHERE checked_at > latest_at - within) AS turns,
        max(checked_at) FILTER (WHERE begins) AS flapping_since
    FROM (
        SELECT
            turn.institution, turn.service_id, turn.checked_at, ever.latest_at,
            coalesce(rule.flapping_within, INTERVAL 6 HOUR) AS within,
            coalesce(
                checked_at - lag(checked_at) OVER (PARTITION BY institution, service_id ORDER BY checked_at)
                    > within,
                TRUE
            ) AS begins
        FROM service_reversal AS turn
        JOIN ever USING (institution, service_id)
        JOIN institution_current AS rule USING (institution)
        WHERE turn.after_at >= ever.needed_from
    )
    GROUP BY institution, service_id
),

-- Maintenance since the last check that had not failed.
paused AS (
    SELECT
        gap.institution, gap.service_id,
        to_microseconds(sum(
            epoch_us(least(gap.ends_at, ever.latest_at))
            - epoch_us(greatest(gap.starts_at, ever.last_not_failed_at))
        )::BIGINT) AS lasted
    FROM service_window AS gap
    JOIN ever USING (institution, service_id)
    WHERE gap.starts_at < ever.latest_at AND gap.ends_at > ever.last_not_failed_at
    GROUP BY gap.institution, gap.service_id
)

SELECT
    service.institution, service.service_id, service.name, service.url, service.agency,
    ever.latest_at,
    ever.latest.is_up AS is_up,
    ever.latest.status AS status,
    ever.latest.error_class AS error_class,
    coalesce(said.fault, replace(ever.latest.error_class, 'http_', 'HTTP ')) AS fault,
    ever.latest.capture_id AS capture_id,
    ever.last_up_at, ever.last_up.capture_id AS last_up_capture_id, ever.since_at,
    outage.down_since,
    coalesce(outage.failed_connections, 0) >= 2 AND (
        ever.last_not_failed_at IS NULL
        OR ever.last_not_failed_at + coalesce(paused.lasted, INTERVAL 0 SECOND)
            <= ever.latest_at - inst.down_after
    ) AS is_down,
    EXISTS (
        FROM service_window AS gap
        WHERE gap.institution = service.institution AND gap.service_id = service.service_id
            AND gap.starts_at <= $as_of AND gap.ends_at > $as_of
    ) AS is_in_maintenance,
    coalesce(turns.turns > coalesce(inst.flapping_changes, 4), FALSE) AS is_flapping,
    coalesce(turns.turns, 0) AS turns,
    turns.flapping_since,
    turns.turned_at,
    coalesce(counted.checks_30d, 0) AS checks_30d,
    coalesce(counted.up_30d, 0) AS up_30d,
    coalesce(counted.days_30d, 0) AS days_30d,
    outage.failed_capture_ids,
    CASE WHEN tls.verdict != 'tidak_sah' OR tls.attempts >= 2 THEN tls.verdict END AS tls,
    tls.checked_at AS tls_checked_at,
    tls.cert_expires_at,
    coalesce(tls_said.fault, replace(tls.error_class, 'http_', 'HTTP ')) AS tls_fault,
    tls.capture_id AS tls_capture_id
FROM service
JOIN ever USING (institution, service_id)
LEFT JOIN counted USING (number)
LEFT JOIN wording AS said ON said.error_class = ever.latest.error_class
LEFT JOIN tls ON tls.institution = service.institution AND tls.service_id = service.service_id
LEFT JOIN wording AS tls_said ON tls_said.error_class = tls.error_class
JOIN institution_current AS inst USING (institution)
LEFT JOIN outage ON outage.institution = service.institution AND outage.service_id = service.service_id
LEFT JOIN paused ON paused.institution = service.institution AND paused.service_id = service.service_id
LEFT JOIN turns ON turns.institution = service.institution AND turns.service_id = service.service_id
