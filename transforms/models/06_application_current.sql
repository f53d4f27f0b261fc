-- Applications in the registries at $as_of; text_norm is name and description as topic patterns read them, listed_from as
-- in 02_regulation_current.sql.
SELECT
    app.institution, app.source, app.application_key, app.name, app.agency, app.status, app.is_integrated,
    app.capture_id,
    trim(regexp_replace(lower(concat_ws(' ', app.name, app.description)), '[^a-z0-9]+', ' ', 'g'))
        AS text_norm,
    app.valid_from AS listed_from
FROM core.application AS app
SEMI JOIN institution_current AS asked ON asked.institution = app.institution
WHERE app.valid_from <= $as_of AND (app.valid_to IS NULL OR app.valid_to > $as_of)
