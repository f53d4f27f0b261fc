-- Every aspect of the latest scores.
CREATE OR REPLACE VIEW mart.aspek_terkini AS
SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    part.code AS aspek,
    part.name AS nama_aspek,
    placed.domain AS domain,
    placed.domain_name AS nama_domain,
    part.weight AS bobot,
    round(part.proven, 2) AS terbukti,
    round(part.provisional, 2) AS nilai_sementara,
    round(part.possible, 2) AS potensi,
    part.proven AS terbukti_eksak,
    part.provisional AS nilai_sementara_eksak,
    part.possible AS potensi_eksak,
    part.coverage AS cakupan,
    latest.skor_id
FROM mart.skor_terkini AS latest
JOIN score.aggregate AS part ON part.score_id = latest.skor_id AND part.scope = 'aspect'
JOIN (SELECT DISTINCT instrument, aspect, domain, domain_name FROM score.indicator) AS placed
    ON placed.instrument = latest.instrumen AND placed.aspect = part.code
ORDER BY latest.institusi, latest.instrumen, length(part.code), part.code;

COMMENT ON VIEW mart.aspek_terkini IS 'Aspek pada tanggal terakhir yang dinilai, dengan ketiga nilainya.';
COMMENT ON COLUMN mart.aspek_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aspek_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.aspek_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.aspek_terkini.aspek IS 'Nomor aspek.';
COMMENT ON COLUMN mart.aspek_terkini.nama_aspek IS 'Nama aspek.';
COMMENT ON COLUMN mart.aspek_terkini.domain IS 'Nomor domain yang memuat aspek ini.';
COMMENT ON COLUMN mart.aspek_terkini.nama_domain IS 'Nama domain yang memuat aspek ini.';
COMMENT ON COLUMN mart.aspek_terkini.bobot IS 'Bobot aspek dalam indeks, persen.';
COMMENT ON COLUMN mart.aspek_terkini.terbukti IS
'Nilai bila hanya bukti yang masih segar dihitung; dua desimal, setengah ke atas.';
COMMENT ON COLUMN mart.aspek_terkini.nilai_sementara IS
'Nilai berjalan: nilai resmi terakhir per indikator yang belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang; dua desimal.';
COMMENT ON COLUMN mart.aspek_terkini.potensi IS 'Nilai bila semua yang belum terbantah terpenuhi; dua desimal.';
COMMENT ON COLUMN mart.aspek_terkini.terbukti_eksak IS 'Nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.aspek_terkini.nilai_sementara_eksak IS 'Nilai sementara tanpa pembulatan.';
COMMENT ON COLUMN mart.aspek_terkini.potensi_eksak IS 'Nilai potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.aspek_terkini.cakupan IS
'Bagian bobot kriteria di atas tingkat 1 yang terjawab bukti segar, 0 sampai 1.';
COMMENT ON COLUMN mart.aspek_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
