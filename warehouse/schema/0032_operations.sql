-- What the pipeline did to the warehouse, in order: with the archive all that a rebuild needs (warehouse/operations.py).
-- Each operation is written in the transaction of what it did, and copied into the archive (warehouse/journal.py).
CREATE TABLE ops.operation (
    institution VARCHAR, seq BIGINT,    -- counted per institution, from 0
    kind VARCHAR,                       -- load, score, rescore, forecast, delivery
    done_at TIMESTAMPTZ, content VARCHAR     -- JSON, by kind
);

-- Which lines the journal of operations has in the archive: a removed last line is seen by them.
CREATE TABLE ops.journal (institution VARCHAR, ledger_seq BIGINT, entry_id VARCHAR, last_seq BIGINT);

-- The files of the last publication, so that one that was changed since is told from one that was not.
CREATE TABLE ops.publication (file VARCHAR, sha256 VARCHAR, published_at TIMESTAMPTZ);

-- What was done before operations were written down.
INSERT INTO ops.operation
WITH done AS (
    SELECT institution, 1 AS rank, ledger_seq AS ordinal, 'load' AS kind, loaded_at AS done_at, observed_at AS ordered_at,
        CAST(json_object('entry', entry_id, 'source', source, 'line', ledger_seq + 1) AS VARCHAR) AS content
    FROM ops.load
    UNION ALL
    SELECT institution, 2, 0, 'score', scored_at, as_of,
        CAST(json_object(
            'as_of', CAST(as_of AS VARCHAR),
            'scores', list({score_id: score_id, instrument: instrument, ruleset_hash: ruleset_hash} ORDER BY score_id),
            'alerts', (
                SELECT coalesce(list(event_key ORDER BY event_key), [])
                FROM ops.outbox AS event
                WHERE event.institution = run.institution AND event.created_at = run.scored_at
            )
        ) AS VARCHAR)
    FROM score.run AS run
    GROUP BY institution, as_of, scored_at
    UNION ALL
    SELECT institution, 3, 0, 'forecast', max(scored_at), max(as_of), '{}' FROM score.run GROUP BY institution
    UNION ALL
    SELECT event.institution, 4, 0, 'delivery', sent.delivered_at, sent.delivered_at,
        CAST(json_object(
            'channel', sent.channel, 'message_id', sent.message_id,
            'events', list(sent.event_key ORDER BY sent.event_key)
        ) AS VARCHAR)
    FROM ops.delivery AS sent
    JOIN (SELECT DISTINCT event_key, institution FROM ops.outbox) AS event USING (event_key)
    GROUP BY event.institution, sent.channel, sent.message_id, sent.delivered_at
)
SELECT
    institution,
    row_number() OVER (PARTITION BY institution ORDER BY done_at, rank, ordered_at, ordinal, content) - 1,
    kind, done_at, content
FROM done;
