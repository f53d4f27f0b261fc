-- Which function of which indicator each watched service shows, with its state (NULL where never checked).
-- Functions build on each other (PermenPANRB 59/2020, Tabel 3): a service that transacts also interacts.
SELECT DISTINCT ON (shows.institution, shows.service_id, shows.indicator, reached.function)
    shows.institution, shows.service_id, shows.indicator, reached.function,
    state.* EXCLUDE (institution, service_id)
FROM core.service_shows AS shows
JOIN (VALUES
    ('informasi', 'informasi'),
    ('interaksi', 'informasi'), ('interaksi', 'interaksi'),
    ('transaksi', 'informasi'), ('transaksi', 'interaksi'), ('transaksi', 'transaksi')
) AS reached (shown, function) ON reached.shown = shows.function
LEFT JOIN service_state AS state USING (institution, service_id)
SEMI JOIN institution_current AS asked ON asked.institution = shows.institution
WHERE shows.valid_from <= $as_of AND (shows.valid_to IS NULL OR shows.valid_to > $as_of)
