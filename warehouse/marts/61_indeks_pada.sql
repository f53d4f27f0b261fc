-- The index in force at the end of a day, as it had been recorded by another.
CREATE OR REPLACE MACRO mart.indeks_pada(tanggal, diketahui := NULL) AS TABLE
SELECT
    found.institusi,
    coalesce(known.name, found.institusi) AS nama_institusi,
    found.instrumen,
    found.keadaan_pada,
    found.dihitung_pada,
    round(total.proven, 2) AS terbukti,
    round(total.provisional, 2) AS nilai_sementara,
    round(total.possible, 2) AS potensi,
    total.proven AS terbukti_eksak,
    total.provisional AS nilai_sementara_eksak,
    total.possible AS potensi_eksak,
    total.coverage AS cakupan,
    total.predikat,
    found.sidik_aturan,
    found.skor_id
FROM mart.skor_pada(tanggal, diketahui := diketahui) AS found
JOIN score.aggregate AS total ON total.score_id = found.skor_id AND total.scope = 'index'
LEFT JOIN core.institution AS known
    ON known.institution = found.institusi
    AND known.valid_from <= found.keadaan_pada AND (known.valid_to IS NULL OR known.valid_to > found.keadaan_pada)
ORDER BY found.institusi, found.instrumen;

COMMENT ON MACRO TABLE mart.indeks_pada IS
'Indeks yang berlaku pada akhir hari tanggal, sebagaimana tercatat sampai akhir hari diketahui (kosong: semua): keadaan_pada ialah saat yang dinilai, dihitung_pada saat penilaian itu dicatat.';
