-- Applications by topic; which topics a text has is in topic_title, as for 03_regulation_topic.sql.
SELECT
    told.topic, app.institution, app.source, app.application_key, app.name, app.status, app.capture_id,
    app.listed_from
FROM application_current AS app
JOIN topic_title AS told ON told.kind = 'application' AND told.text = app.text_norm
