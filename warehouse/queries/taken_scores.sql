-- Scores that a share wrote of dates until $until, and that are not here yet. What stood there before its own first
-- date are those of this warehouse, and of the dates before, which another share writes.
SELECT score_id
FROM share.score.run
ANTI JOIN share.main.stood_score USING (score_id)
ANTI JOIN score.run AS here USING (score_id)
WHERE as_of <= $until
