-- The three numbers of everything in one score.
SELECT scope, CASE WHEN scope = 'index' THEN 'indeks' ELSE code END AS code, proven, provisional, possible
FROM score.aggregate
WHERE score_id = $score_id
UNION ALL
SELECT 'indicator', indicator, proven, provisional, possible
FROM score.level
WHERE score_id = $score_id
