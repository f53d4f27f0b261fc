-- Every indicator of the latest scores, with the criterion that keeps it from the next level: refuted ones
-- first, as no statement can help where the world says no.
CREATE OR REPLACE VIEW mart.indikator_terkini AS
WITH blocking AS (
    SELECT finding.skor_id, finding.indikator, finding.kriteria, finding.keadaan, finding.alasan, finding.saran
    FROM mart.temuan_terkini AS finding
    JOIN score.level AS reached
        ON reached.score_id = finding.skor_id AND reached.indicator = finding.indikator
    JOIN score.run AS run ON run.score_id = finding.skor_id
    WHERE finding.kode_keadaan <> 'met' AND NOT finding.masa_tenggang
      -- An external index can meet a level before the score is through its band: look one further.
      AND finding.tingkat <= coalesce(reached.rung, reached.provisional) + CASE run.scale WHEN 'itemised' THEN 2 ELSE 1 END
    QUALIFY row_number() OVER (
        PARTITION BY finding.skor_id, finding.indikator
        ORDER BY
            finding.tingkat = coalesce(reached.rung, reached.provisional) + 1 DESC,
            finding.kode_keadaan = 'not_met' DESC,
            finding.urutan
    ) = 1
)
SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    named.ordinal AS urutan,
    reached.indicator AS nomor,
    named.name AS nama,
    named.short_name AS nama_singkat,
    named.domain AS domain,
    named.domain_name AS nama_domain,
    named.aspect AS aspek,
    named.aspect_name AS nama_aspek,
    reached.weight AS bobot,
    round(reached.proven, 2) AS terbukti,
    round(reached.provisional, 2) AS nilai_sementara,
    round(reached.possible, 2) AS potensi,
    round(reached.official, 2) AS resmi,
    reached.proven AS terbukti_eksak,
    reached.provisional AS nilai_sementara_eksak,
    reached.possible AS potensi_eksak,
    reached.official AS resmi_eksak,
    coalesce(reached.rung, CAST(reached.provisional AS INTEGER)) AS tingkat,
    CASE run.scale WHEN 'itemised' THEN 'desimal' ELSE 'bulat' END AS skala,
    reached.coverage AS cakupan,
    CASE
        WHEN reached.provisional = 5 THEN 'Sudah di tingkat tertinggi'
        WHEN blocking.kriteria IS NULL THEN 'Tidak ada kriteria yang menghalangi'
        ELSE blocking.kriteria || ' ' || blocking.keadaan || coalesce(': ' || nullif(blocking.alasan, ''), '')
    END AS alasan,
    CASE WHEN reached.provisional < 5 THEN blocking.kriteria END AS kriteria_penghalang,
    CASE WHEN reached.provisional < 5 THEN blocking.saran END AS saran,
    latest.skor_id
FROM mart.skor_terkini AS latest
JOIN score.level AS reached ON reached.score_id = latest.skor_id
JOIN score.run AS run ON run.score_id = latest.skor_id
JOIN score.indicator AS named
    ON named.instrument = latest.instrumen AND named.indicator = reached.indicator
LEFT JOIN blocking ON blocking.skor_id = latest.skor_id AND blocking.indikator = reached.indicator
ORDER BY latest.institusi, latest.instrumen, named.ordinal;

COMMENT ON VIEW mart.indikator_terkini IS
'Setiap indikator pada tanggal terakhir yang dinilai: tingkatnya, dan apa yang menghalangi tingkat berikutnya.';
COMMENT ON COLUMN mart.indikator_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.indikator_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.indikator_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.indikator_terkini.urutan IS 'Urutan indikator dalam instrumen.';
COMMENT ON COLUMN mart.indikator_terkini.nomor IS 'Nomor indikator.';
COMMENT ON COLUMN mart.indikator_terkini.nama IS 'Nama lengkap indikator menurut peraturan.';
COMMENT ON COLUMN mart.indikator_terkini.nama_singkat IS 'Nama singkat indikator.';
COMMENT ON COLUMN mart.indikator_terkini.domain IS 'Nomor domain.';
COMMENT ON COLUMN mart.indikator_terkini.nama_domain IS 'Nama domain.';
COMMENT ON COLUMN mart.indikator_terkini.aspek IS 'Nomor aspek.';
COMMENT ON COLUMN mart.indikator_terkini.nama_aspek IS 'Nama aspek.';
COMMENT ON COLUMN mart.indikator_terkini.bobot IS 'Bobot indikator dalam indeks, persen.';
COMMENT ON COLUMN mart.indikator_terkini.terbukti IS
'Tingkat (Pemdi: nilai) bila hanya bukti yang masih segar dihitung, 1 sampai 5; dua desimal, setengah ke atas.';
COMMENT ON COLUMN mart.indikator_terkini.nilai_sementara IS
'Tingkat (Pemdi: nilai) berjalan: yang resmi terakhir selama belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang; dua desimal.';
COMMENT ON COLUMN mart.indikator_terkini.potensi IS
'Tingkat (Pemdi: nilai) bila semua yang belum terbantah terpenuhi; dua desimal.';
COMMENT ON COLUMN mart.indikator_terkini.resmi IS
'Tingkat (Pemdi: nilai) resmi terakhir menurut berkas institusi; kosong bila tidak diketahui.';
COMMENT ON COLUMN mart.indikator_terkini.terbukti_eksak IS 'Tingkat atau nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.indikator_terkini.nilai_sementara_eksak IS 'Tingkat atau nilai berjalan tanpa pembulatan.';
COMMENT ON COLUMN mart.indikator_terkini.potensi_eksak IS 'Tingkat atau nilai potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.indikator_terkini.resmi_eksak IS 'Tingkat atau nilai resmi tanpa pembulatan.';
COMMENT ON COLUMN mart.indikator_terkini.tingkat IS
'Tingkat tertinggi yang tercapai penuh oleh nilai sementara, 0 sampai 5; sama dengannya bila skalanya bulat.';
COMMENT ON COLUMN mart.indikator_terkini.skala IS
'bulat: tingkat 1 sampai 5 (SPBE); desimal: nilai 1,00 sampai 5,00 menurut butir yang terpenuhi (Pemdi).';
COMMENT ON COLUMN mart.indikator_terkini.cakupan IS
'Bagian kriteria yang terjawab bukti segar, 0 sampai 1; pada skala bulat tanpa tingkat 1.';
COMMENT ON COLUMN mart.indikator_terkini.alasan IS 'Apa yang menghalangi tingkat berikutnya.';
COMMENT ON COLUMN mart.indikator_terkini.kriteria_penghalang IS 'Kode kriteria yang menghalangi tingkat berikutnya.';
COMMENT ON COLUMN mart.indikator_terkini.saran IS 'Apa yang membuat kriteria penghalang itu terpenuhi.';
COMMENT ON COLUMN mart.indikator_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
