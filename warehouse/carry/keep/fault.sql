-- The checks that were not up and may still matter (service_state): those of the 30 days before the latest, or as long before
-- it as flapping is looked for; those since it was last up, since it last failed, and since a check last could not tell, the
-- longest ago of these; all, where every check failed.
WITH last AS (
    SELECT
        institution, service_id, last.last_up_at, last.latest_at,
        max(past.checked_at) FILTER (WHERE past.is_up IS NULL) AS last_untold_at,
        max(past.checked_at) FILTER (WHERE NOT past.is_up) AS last_failed_at
    FROM not_up AS past
    JOIN last_check AS last USING (institution, service_id)
    GROUP BY ALL
)

SELECT past.*
FROM not_up AS past
JOIN last USING (institution, service_id)
JOIN institution_current AS rule USING (institution)
SEMI JOIN kept ON kept.institution = past.institution
WHERE (last.last_up_at IS NULL AND last.last_untold_at IS NULL)
    OR past.checked_at >= least(
        last.latest_at - greatest(INTERVAL 30 DAY, coalesce(rule.flapping_within, INTERVAL 6 HOUR)),
        last.last_up_at, last.last_untold_at, last.last_failed_at
    )
