-- Applications by topic; see 03_regulation_topic.sql for why they are filtered first.
SELECT
    rule.topic, app.institution, app.source, app.application_key, app.name, app.status, app.capture_id,
    app.observed_at
FROM application_current AS app
JOIN topic_rule AS rule
    ON rule.kind = 'application'
    AND regexp_matches(app.text_norm, rule.include)
    AND NOT coalesce(regexp_matches(app.text_norm, rule.exclude), FALSE)
WHERE regexp_matches(app.text_norm, $application_filter)
