-- The hints of the latest scores, one row for each thing they say. Reads a published copy.
SELECT
    skor_id AS score_id, institusi AS institution, kriteria AS criterion, keadaan_pada AS as_of,
    unnest(string_split(petunjuk, '; ')) AS said
FROM mart.temuan_terkini
WHERE petunjuk IS NOT NULL
