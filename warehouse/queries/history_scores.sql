-- Every scored date of every institution, with the newest year whose official levels a score of that moment starts
-- from: the same condition as in official_levels.sql.
SELECT
    scored.institusi AS institution,
    scored.instrumen AS instrument,
    scored.skor_id AS score_id,
    scored.keadaan_pada AS as_of,
    scored.tanggal AS day,
    scored.sidik_aturan AS ruleset_hash,
    (
        SELECT max(known.year)
        FROM core.official_level AS known
        WHERE known.institution = scored.institusi AND known.instrument = scored.instrumen
          AND known.decided_on <= CAST(scored.keadaan_pada AS DATE)
          AND known.valid_from <= scored.keadaan_pada
          AND (known.valid_to IS NULL OR known.valid_to > scored.keadaan_pada)
    ) AS official_year
FROM mart.indeks_riwayat AS scored
ORDER BY ALL
