-- The first check that was up since each service was last not. It mostly comes within two quarters of an hour; where it does
-- not, all checks since are looked at. Moments are compared after the joins: compared in them, each check takes ten times
-- as long. What an earlier count found before the midnight until which it is carried over, stands.
CREATE OR REPLACE TEMP TABLE recovered AS
WITH known AS MATERIALIZED (
    SELECT institution, service_id, past.checked_at
    FROM carried_recovered AS past
    JOIN carried USING (institution)
    JOIN last_check AS last USING (institution, service_id, last_not_up_at)
    WHERE past.checked_at < carried.rolled_until
),

unknown AS MATERIALIZED (
    FROM last_check ANTI JOIN known USING (institution, service_id) WHERE last_not_up_at < last_up_at
),

up AS NOT MATERIALIZED (
    SELECT institution, service_id, checked_at, epoch_us(checked_at) // 900000000 AS quarter
    FROM core.uptime_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND is_up AND error_class IS DISTINCT FROM 'own_outage'
        AND checked_at > (SELECT min(last_not_up_at) FROM unknown)
),

near AS MATERIALIZED (
    SELECT
        institution, service_id, min(up.checked_at) FILTER (WHERE up.checked_at > last.last_not_up_at) AS checked_at
    FROM (
        FROM up
        SEMI JOIN (
            SELECT unnest([0, 1]) + epoch_us(last_not_up_at) // 900000000 AS quarter FROM unknown
        ) AS after USING (quarter)
    ) AS up
    JOIN unknown AS last USING (institution, service_id)
    GROUP BY institution, service_id
),

far AS (
    SELECT
        institution, service_id, min(up.checked_at) FILTER (WHERE up.checked_at > last.last_not_up_at) AS checked_at
    FROM up
    JOIN (
        FROM unknown ANTI JOIN (FROM near WHERE checked_at IS NOT NULL) AS found USING (institution, service_id)
    ) AS last USING (institution, service_id)
    GROUP BY institution, service_id
)

FROM known
UNION ALL
FROM near WHERE checked_at IS NOT NULL
UNION ALL
FROM far
