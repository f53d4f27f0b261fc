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
-- since_at is the first of the unbroken checks that say what the latest says.
WITH service AS (
    SELECT institution, service_id, name, url, agency
    FROM core.service
    SEMI JOIN institution_current USING (institution)
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

-- Over all of history, as an outage may be old; what is counted looks at checks from needed_from on.
ever AS (
    SELECT
        *,
        latest_at - INTERVAL 30 DAY AS recent_from,
        least(latest_at - INTERVAL 30 DAY, last_up_at, coalesce(last_not_failed_at, first_at)) AS needed_from,
        CASE latest_at
            WHEN last_up_at THEN last_not_up_at
            WHEN last_told_at THEN last_not_failed_at
            ELSE last_told_at
        END AS last_other_at
    FROM (
        SELECT
            institution, service_id,
            min(checked_at) AS first_at,
            max(checked_at) AS latest_at,
            max(checked_at) FILTER (WHERE is_up) AS last_up_at,
            max(checked_at) FILTER (WHERE is_up IS NULL OR is_up) AS last_not_failed_at,
            max(checked_at) FILTER (WHERE is_up IS NOT TRUE) AS last_not_up_at,
            max(checked_at) FILTER (WHERE is_up IS NOT NULL) AS last_told_at
        FROM service_check
        SEMI JOIN service USING (institution, service_id)
        GROUP BY institution, service_id
    )
),

by_day AS (
    SELECT
        institution, service_id,
        min(checked_at) FILTER (WHERE is_unbroken) AS since_at,
        max(checked_at) FILTER (WHERE is_tls_told) AS tls_at,
        count(*) FILTER (WHERE is_counted) AS checks,
        count(*) FILTER (WHERE is_counted AND is_up) AS up
    FROM (
        SELECT
            past.institution, past.service_id, past.checked_at, past.is_up,
            ever.last_other_at IS NULL OR past.checked_at > ever.last_other_at AS is_unbroken,
            past.checked_at > ever.recent_from
                AND (past.is_https AND past.tls_ok IS NOT NULL OR NOT past.is_https AND past.status IS NOT NULL)
                AS is_tls_told,
            past.checked_at > ever.recent_from AND past.is_up IS NOT NULL
                AND NOT past.in_maintenance AS is_counted
        FROM service_check AS past
        JOIN ever USING (institution, service_id)
    )
    GROUP BY institution, service_id, epoch_us(checked_at) // 86400000000
),

counted AS (
    SELECT
        institution, service_id,
        min(since_at) AS since_at,
        max(tls_at) AS tls_at,
        sum(checks)::BIGINT AS checks_30d,
        sum(up)::BIGINT AS up_30d,
        count(*) FILTER (WHERE checks > 0) AS days_30d
    FROM by_day
    GROUP BY institution, service_id
),

-- The checks cited by themselves.
told AS (
    SELECT
        past.institution, past.service_id, past.checked_at, past.is_up, past.status, past.error_class,
        past.capture_id, past.cert_expires_at, past.attempts,
        past.checked_at = ever.latest_at AS is_latest,
        past.checked_at = ever.last_up_at AND past.is_up AS is_last_up,
        past.checked_at = counted.tls_at AS is_tls,
        CASE
            WHEN NOT past.is_https AND past.status IS NOT NULL THEN 'tanpa_https'
            WHEN past.is_https AND NOT past.tls_ok THEN 'tidak_sah'
            WHEN past.is_https AND past.tls_ok THEN 'sah'
        END AS tls,
        CASE past.error_class
            WHEN 'dns' THEN 'nama host tidak ditemukan'
            WHEN 'refused' THEN 'sambungan ditolak'
            WHEN 'timeout' THEN 'tidak menjawab'
            WHEN 'reset' THEN 'sambungan diputus'
            WHEN 'empty_reply' THEN 'tidak memberi jawaban HTTP'
            WHEN 'redirect_loop' THEN 'pengalihan tanpa akhir'
            WHEN 'text_missing' THEN 'teks pengenal tidak ada pada halaman'
            WHEN 'json_mismatch' THEN 'isi jawaban JSON tidak sesuai'
            WHEN 'too_large' THEN 'halaman terlalu besar'
            WHEN 'tls_expired' THEN 'sertifikat TLS kedaluwarsa'
            WHEN 'tls_self_signed' THEN 'sertifikat TLS ditandatangani sendiri'
            WHEN 'tls_incomplete_chain' THEN 'rantai sertifikat TLS tidak lengkap'
            WHEN 'tls_wrong_host' THEN 'sertifikat TLS untuk nama host lain'
            WHEN 'tls_other' THEN 'sambungan TLS gagal'
            ELSE replace(past.error_class, 'http_', 'HTTP ')
        END AS fault
    FROM service_check AS past
    JOIN ever USING (institution, service_id)
    JOIN counted USING (institution, service_id)
    WHERE past.checked_at IN (ever.latest_at, ever.last_up_at, counted.tls_at)
),

summary AS (
    SELECT
        institution, service_id,
        arg_max(struct_pack(is_up, status, error_class, fault, capture_id), checked_at) FILTER (WHERE is_latest)
            AS latest,
        arg_max(capture_id, checked_at) FILTER (WHERE is_last_up) AS last_up_capture_id,
        arg_max(struct_pack(tls, checked_at, cert_expires_at, fault, attempts, capture_id), checked_at)
            FILTER (WHERE is_tls AND tls IS NOT NULL) AS tls_latest
    FROM told
    GROUP BY institution, service_id
),

failed AS (
    SELECT past.institution, past.service_id, past.checked_at, past.attempts, past.capture_id,
        ever.recent_from, ever.needed_from,
        ever.last_not_failed_at IS NULL OR past.checked_at > ever.last_not_failed_at AS is_in_outage
    FROM (FROM service_check WHERE NOT is_up) AS past
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

-- Where no check failed there is no turn to look for.
checked AS (
    SELECT past.institution, past.service_id, past.checked_at, past.is_up, ever.latest_at
    FROM service_check AS past
    JOIN ever USING (institution, service_id)
    SEMI JOIN (FROM failed WHERE checked_at >= needed_from) AS turning
        ON turning.institution = past.institution AND turning.service_id = past.service_id
    WHERE past.checked_at >= ever.needed_from
),

turn AS (
    SELECT institution, service_id, checked_at, latest_at
    FROM checked
    WHERE is_up IS NOT NULL
    QUALIFY lag(is_up) OVER (PARTITION BY institution, service_id ORDER BY checked_at) != is_up
),

turns AS (
    SELECT
        institution, service_id,
        max(checked_at) AS turned_at,
        count(*) FILTER (WHERE checked_at > latest_at - within) AS turns,
        max(checked_at) FILTER (WHERE begins) AS flapping_since
    FROM (
        SELECT
            turn.*, coalesce(rule.flapping_within, INTERVAL 6 HOUR) AS within,
            coalesce(
                checked_at - lag(checked_at) OVER (PARTITION BY institution, service_id ORDER BY checked_at)
                    > within,
                TRUE
            ) AS begins
        FROM turn
        JOIN institution_current AS rule USING (institution)
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
    summary.latest.is_up AS is_up,
    summary.latest.status AS status,
    summary.latest.error_class AS error_class,
    summary.latest.fault AS fault,
    summary.latest.capture_id AS capture_id,
    ever.last_up_at, summary.last_up_capture_id, counted.since_at,
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
    counted.checks_30d, counted.up_30d, counted.days_30d, outage.failed_capture_ids,
    CASE WHEN summary.tls_latest.tls != 'tidak_sah' OR summary.tls_latest.attempts >= 2
        THEN summary.tls_latest.tls END AS tls,
    summary.tls_latest.checked_at AS tls_checked_at,
    summary.tls_latest.cert_expires_at AS cert_expires_at,
    summary.tls_latest.fault AS tls_fault,
    summary.tls_latest.capture_id AS tls_capture_id
FROM service
JOIN ever USING (institution, service_id)
JOIN counted USING (institution, service_id)
JOIN summary USING (institution, service_id)
JOIN institution_current AS inst USING (institution)
LEFT JOIN outage USING (institution, service_id)
LEFT JOIN paused USING (institution, service_id)
LEFT JOIN turns USING (institution, service_id)
