-- The captures that a hint of the latest scores rests on. Empty here: filled in the published copy, as what explains is
-- (0031, warehouse/explanations.py). A hint moves no score, so that findings do not carry what it cites.
CREATE TABLE score.hint_evidence (score_id VARCHAR, institution VARCHAR, criterion VARCHAR, capture_id VARCHAR);
