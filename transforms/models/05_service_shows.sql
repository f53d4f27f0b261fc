-- Which function of which indicator each watched service shows, with its state (NULL where never checked).
-- Functions build on each other (PermenPANRB 59/2020, Tabel 3): a service that transacts also interacts.
WITH shown AS (
    SELECT DISTINCT shows.institution, shows.service_id, shows.indicator, reached.function
    FROM core.service_shows AS shows
    JOIN (VALUES
        ('informasi', 'informasi'),
        ('interaksi', 'informasi'), ('interaksi', 'interaksi'),
        ('transaksi', 'informasi'), ('transaksi', 'interaksi'), ('transaksi', 'transaksi')
    ) AS reached (shown, function) ON reached.shown = shows.function
    SEMI JOIN institution_current AS asked ON asked.institution = shows.institution
    WHERE shows.valid_from <= $as_of AND (shows.valid_to IS NULL OR shows.valid_to > $as_of)
)

SELECT
    shown.institution, shown.service_id, shown.indicator, shown.function,
    state.name, state.url, state.latest_at, state.is_up, state.fault, state.capture_id, state.last_up_at,
    state.last_up_capture_id, state.down_since, state.is_down
FROM shown
LEFT JOIN service_state AS state USING (institution, service_id)
