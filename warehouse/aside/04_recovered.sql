-- The first check that was up since each service was last not. It mostly comes within two quarters of an hour; where it does
-- not, all checks since are looked at. Moments are compared after the joins: compared in them, each check takes ten times
-- as long.
CREATE OR REPLACE TEMP TABLE recovered AS
WITH up AS NOT MATERIALIZED (
    SELECT institution, service_id, checked_at, epoch_us(checked_at) // 900000000 AS quarter
    FROM core.uptime_check
    WHERE source = 'layanan' AND checked_at <= $as_of AND is_up AND error_class IS DISTINCT FROM 'own_outage'
        AND checked_at > (SELECT min(last_not_up_at) FROM last_check)
),

near AS MATERIALIZED (
    SELECT
        institution, service_id, min(up.checked_at) FILTER (WHERE up.checked_at > last.last_not_up_at) AS checked_at
    FROM (
        FROM up
        SEMI JOIN (
            SELECT unnest([0, 1]) + epoch_us(last_not_up_at) // 900000000 AS quarter FROM last_check
        ) AS after USING (quarter)
    ) AS up
    JOIN last_check AS last USING (institution, service_id)
    GROUP BY institution, service_id
),

far AS (
    SELECT
        institution, service_id, min(up.checked_at) FILTER (WHERE up.checked_at > last.last_not_up_at) AS checked_at
    FROM up
    JOIN (
        FROM last_check
        ANTI JOIN (FROM near WHERE checked_at IS NOT NULL) AS known USING (institution, service_id)
        WHERE last_up_at > last_not_up_at
    ) AS last USING (institution, service_id)
    GROUP BY institution, service_id
)

FROM near WHERE checked_at IS NOT NULL
UNION ALL
FROM far
