-- The score in force at the end of a day, by what had been recorded by the end of another (NULL: by all that is
-- recorded), of each institution and instrument; days are those of the institution's time zone. Of a date that was
-- scored more than once the score under the rules in use by then counts, then the last: as in mart.indeks_riwayat.
-- The other macros on scores hang on this one.
CREATE OR REPLACE MACRO mart.skor_pada(tanggal, diketahui := NULL) AS TABLE
WITH place AS (
    SELECT institution, arg_max(time_zone, valid_from) AS zone FROM core.institution GROUP BY institution
),
used AS (
    SELECT instrument, arg_max(ruleset_hash, used_from) AS ruleset_hash
    FROM score.ruleset_use
    WHERE used_from < mart.akhir_hari(diketahui, 'Asia/Jakarta')
    GROUP BY instrument
)
SELECT
    run.institution AS institusi,
    run.instrument AS instrumen,
    run.score_id AS skor_id,
    run.as_of AS keadaan_pada,
    run.scored_at AS dihitung_pada,
    run.ruleset_hash AS sidik_aturan
FROM score.run AS run
LEFT JOIN place ON place.institution = run.institution
LEFT JOIN used ON used.instrument = run.instrument
WHERE run.as_of < mart.akhir_hari(tanggal, place.zone)
    AND run.scored_at < mart.akhir_hari(diketahui, place.zone)
QUALIFY row_number() OVER (
    PARTITION BY run.institution, run.instrument
    ORDER BY run.as_of DESC, (run.ruleset_hash = used.ruleset_hash) IS TRUE DESC, run.scored_at DESC, run.score_id
) = 1;

COMMENT ON MACRO TABLE mart.skor_pada IS
'Penilaian yang berlaku pada akhir hari tanggal, dari yang sudah dicatat sampai akhir hari diketahui (kosong: semua).';
