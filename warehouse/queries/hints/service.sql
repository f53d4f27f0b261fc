-- The last checks by the score of the services that a hint is about: the one it names with its address, or all (the
-- first five captures, as the probes have them). A check that does not bear the hint out is left out.
WITH about AS (
    SELECT
        *,
        ends_with(said, ' layanan yang dipantau memakai HTTPS dengan sertifikat sah') AS on_tls,
        starts_with(said, 'Ketersediaan ') AS on_measuring,
        regexp_extract(said, ' \((https?://[^ ]+)\) dapat dibuka dan menunjukkan fungsi ', 1) AS address
    FROM hinted
),

last_check AS (
    SELECT about.*, past.capture_id
    FROM about
    JOIN core.service AS watched
        ON watched.institution = about.institution
        AND watched.valid_from <= about.as_of AND (watched.valid_to IS NULL OR watched.valid_to > about.as_of)
    JOIN core.uptime_check AS past
        ON past.institution = watched.institution AND past.service_id = watched.service_id
        AND past.source = 'layanan' AND past.checked_at <= about.as_of
    WHERE (about.on_tls AND past.is_https AND past.tls_ok)
       OR about.on_measuring
       OR (watched.url = about.address AND past.is_up)
    QUALIFY row_number() OVER (
        PARTITION BY about.score_id, about.criterion, about.said, watched.service_id ORDER BY past.checked_at DESC
    ) = 1
)

SELECT
    score_id, institution, criterion, unnest(list_sort(list(DISTINCT capture_id))[1:5]) AS capture_id
FROM last_check
GROUP BY score_id, institution, criterion, said
