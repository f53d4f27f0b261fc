-- The state of every watched service that was ever checked, in the words of people. In maintenance a service is that,
-- whatever its checks say; an unstable one is not told down or up at each turn. Needs service_state;
-- the counts are in core.recent_checks, as the model sees only what was set aside (aside/).
SELECT
    institution, service_id,
    CASE
        WHEN is_in_maintenance THEN 'pemeliharaan'
        WHEN is_flapping THEN 'tidak stabil'
        WHEN is_down THEN 'mati'
        WHEN is_up THEN 'hidup'
        WHEN is_up IS NULL THEN 'tidak dapat dipastikan'
        ELSE 'gagal sesaat'
    END AS state,
    CASE
        WHEN is_in_maintenance THEN (
            SELECT max(gap.starts_at) FROM service_window AS gap
            WHERE gap.institution = service_state.institution AND gap.service_id = service_state.service_id
                AND gap.starts_at <= $as_of
        )
        WHEN is_flapping THEN flapping_since
        ELSE since_at
    END AS since_at,
    latest_at, recent.checks_30d, recent.up_30d
FROM service_state
JOIN core.recent_checks AS recent USING (institution, service_id)
