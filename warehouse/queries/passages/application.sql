-- Rows of a registry that an answer is about: those that a reason names come first.
SELECT
    cited.score_id, cited.institution, cited.criterion, cited.capture_id, 'application' AS kind,
    app.name AS subject, replace(app.status, '_', ' ') AS status, app.started_on AS dated,
    NULL::TIMESTAMPTZ AS happened_at, app.url AS address,
    concat_ws(
        '; ', 'nama: ' || app.name, 'perangkat daerah: ' || app.agency, 'status: ' || replace(app.status, '_', ' '),
        CASE WHEN app.is_integrated THEN 'terintegrasi: ya' WHEN NOT app.is_integrated THEN 'terintegrasi: belum' END,
        'alamat: ' || app.url, 'uraian: ' || app.description
    ) AS words
FROM cited_evidence AS cited
JOIN core.application AS app ON app.institution = cited.institution AND app.capture_id = cited.capture_id
WHERE app.valid_from <= cited.as_of
  AND (cited.answered_by != 'probe applications_integrated' OR app.is_integrated)
  AND (cited.answered_by != 'probe applications_unconnected' OR cited.state != 'not_met' OR NOT app.is_integrated)
QUALIFY row_number() OVER (
    PARTITION BY cited.score_id, cited.criterion, cited.capture_id
    ORDER BY contains(cited.reason, app.name) DESC, app.name, app.application_key, app.valid_from DESC
) <= 3
