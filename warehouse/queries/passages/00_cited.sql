-- The captures that findings of the latest scores cite, with the reason that names what decided. Reads a published copy.
SELECT
    latest.skor_id AS score_id, latest.institusi AS institution, latest.instrumen AS instrument,
    latest.keadaan_pada AS as_of, finding.criterion, finding.state, finding.answered_by, finding.reason,
    unnest(finding.evidence_ids) AS capture_id
FROM mart.skor_terkini AS latest
JOIN score.finding AS finding ON finding.score_id = latest.skor_id
WHERE len(finding.evidence_ids) > 0
