-- The registries that list the active applications a hint names ("Registri mencatat aplikasi aktif: A, B"), or counts
-- ("3 dari 5 aplikasi aktif tercatat terintegrasi": of all active ones the first five captures, as the probe has them).
WITH listed AS (
    SELECT hinted.*, app.name, app.capture_id, starts_with(hinted.said, 'Registri mencatat aplikasi aktif: ') AS is_named
    FROM hinted
    JOIN core.application AS app
        ON app.institution = hinted.institution AND app.status = 'aktif'
        AND app.valid_from <= hinted.as_of AND (app.valid_to IS NULL OR app.valid_to > hinted.as_of)
    WHERE starts_with(hinted.said, 'Registri mencatat aplikasi aktif: ')
       OR ends_with(hinted.said, ' aplikasi aktif tercatat terintegrasi')
)

SELECT score_id, institution, criterion, capture_id
FROM listed
WHERE is_named AND regexp_matches(
    said, '(?:: |, )' || regexp_escape(name) || '(?:, | dan [0-9]+ lainnya$|$)'
)
UNION ALL
SELECT score_id, institution, criterion, unnest(list_sort(list(DISTINCT capture_id))[1:5]) AS capture_id
FROM listed
WHERE NOT is_named
GROUP BY score_id, institution, criterion
