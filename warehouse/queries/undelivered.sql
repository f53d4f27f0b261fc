-- Events of the outbox that a channel has not taken yet, oldest first, in the order they were decided: those of the
-- headline before those of instruments beside it.
SELECT event.event_key, event.institution, event.line, event.payload, coalesce(known.name, event.institution) AS name
FROM ops.outbox AS event
LEFT JOIN core.institution AS known
    ON known.institution = event.institution AND known.valid_to IS NULL
LEFT JOIN score.run AS run ON run.score_id = event.score_id
WHERE NOT EXISTS (
    SELECT 1 FROM ops.delivery AS done
    WHERE done.event_key = event.event_key AND done.channel = $channel
)
ORDER BY
    event.created_at, event.institution,
    coalesce(run.instrument = known.instrument, TRUE) DESC, run.instrument, event.ordinal
