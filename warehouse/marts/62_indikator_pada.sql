-- Every indicator of the scores in force at the end of a day, as they had been recorded by another.
CREATE OR REPLACE MACRO mart.indikator_pada(tanggal, diketahui := NULL) AS TABLE
SELECT
    found.institusi,
    found.instrumen,
    found.keadaan_pada,
    found.dihitung_pada,
    named.ordinal AS urutan,
    reached.indicator AS nomor,
    named.short_name AS nama_singkat,
    reached.weight AS bobot,
    round(reached.proven, 2) AS terbukti,
    round(reached.provisional, 2) AS nilai_sementara,
    round(reached.possible, 2) AS potensi,
    round(reached.official, 2) AS resmi,
    reached.coverage AS cakupan,
    found.skor_id
FROM mart.skor_pada(tanggal, diketahui := diketahui) AS found
JOIN score.level AS reached ON reached.score_id = found.skor_id
JOIN score.indicator AS named ON named.instrument = found.instrumen AND named.indicator = reached.indicator
ORDER BY found.institusi, found.instrumen, named.ordinal;

COMMENT ON MACRO TABLE mart.indikator_pada IS
'Tingkat setiap indikator pada akhir hari tanggal, sebagaimana tercatat sampai akhir hari diketahui (kosong: semua).';
