-- The value of an index of another body that a reason gives.
SELECT
    cited.score_id, cited.institution, cited.criterion, cited.capture_id, 'external_index' AS kind,
    known.index_id || ' ' || known.year AS subject,
    rtrim(rtrim(replace(CAST(known.value AS VARCHAR), '.', ','), '0'), ',') AS status,
    known.decided_on AS dated, NULL::TIMESTAMPTZ AS happened_at, NULL::VARCHAR AS address,
    concat_ws(
        '; ', 'nilai: ' || rtrim(rtrim(replace(CAST(known.value AS VARCHAR), '.', ','), '0'), ','),
        'rujukan: ' || known.citation
    ) AS words
FROM cited_evidence AS cited
JOIN core.external_index AS known
    ON known.institution = cited.institution AND known.capture_id = cited.capture_id
WHERE known.valid_from <= cited.as_of
  AND starts_with(cited.reason, known.index_id || ' ' || known.year || ' ')
QUALIFY row_number() OVER (
    PARTITION BY cited.score_id, cited.criterion, cited.capture_id ORDER BY known.valid_from DESC, known.decided_on DESC
) = 1
