-- The index if nobody acts, from the latest score on: one row for every moment at which it changes.
CREATE OR REPLACE VIEW mart.prakiraan_indeks AS
SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    CASE ahead.scenario
        WHEN 'sources_run' THEN 'sumber tetap berjalan, tidak ada yang bertindak'
        ELSE 'pengumpulan pun berhenti'
    END AS skenario,
    ahead.scenario AS kode_skenario,
    CAST(timezone(scored.zona_waktu, ahead.changes_at) AS DATE) AS tanggal,
    ahead.changes_at AS mulai_pada,
    lead(ahead.changes_at) OVER line AS sampai_pada,
    round(ahead.proven, 2) AS terbukti,
    round(ahead.provisional, 2) AS nilai_sementara,
    round(ahead.possible, 2) AS potensi,
    ahead.proven AS terbukti_eksak,
    ahead.provisional AS nilai_sementara_eksak,
    ahead.possible AS potensi_eksak,
    ahead.predikat AS predikat,
    ahead.provisional - first_value(ahead.provisional) OVER line AS selisih,
    ahead.known_until AS diketahui_sampai,
    latest.skor_id
FROM score.forecast AS ahead
JOIN mart.skor_terkini AS latest ON latest.skor_id = ahead.score_id
JOIN mart.indeks_riwayat AS scored ON scored.skor_id = ahead.score_id
WINDOW line AS (PARTITION BY ahead.score_id, ahead.scenario ORDER BY ahead.changes_at)
ORDER BY latest.institusi, latest.instrumen, ahead.scenario, ahead.changes_at;

COMMENT ON VIEW mart.prakiraan_indeks IS
'Indeks menurut tanggal bila tidak ada yang bertindak, dihitung dari penilaian terbaru: bukti kedaluwarsa, masa tenggang habis, aturan dan masa berlaku yang sudah diketahui.';
COMMENT ON COLUMN mart.prakiraan_indeks.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.prakiraan_indeks.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.prakiraan_indeks.keadaan_pada IS 'Saat penilaian yang menjadi awal prakiraan.';
COMMENT ON COLUMN mart.prakiraan_indeks.skenario IS
'Sumber tetap berjalan: yang kini terlihat mesin tetap segar, atestasi kedaluwarsa. Pengumpulan pun berhenti: semua bukti menua.';
COMMENT ON COLUMN mart.prakiraan_indeks.kode_skenario IS 'Kode skenario: sources_run, all_stops.';
COMMENT ON COLUMN mart.prakiraan_indeks.tanggal IS 'Tanggal mulai berlaku, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.prakiraan_indeks.mulai_pada IS 'Saat nilai ini mulai berlaku.';
COMMENT ON COLUMN mart.prakiraan_indeks.sampai_pada IS 'Saat nilai berikutnya mulai; kosong bila tidak berubah lagi.';
COMMENT ON COLUMN mart.prakiraan_indeks.terbukti IS 'Nilai terbukti, dua desimal.';
COMMENT ON COLUMN mart.prakiraan_indeks.nilai_sementara IS 'Nilai sementara, dua desimal.';
COMMENT ON COLUMN mart.prakiraan_indeks.potensi IS 'Potensi, dua desimal.';
COMMENT ON COLUMN mart.prakiraan_indeks.terbukti_eksak IS 'Nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.prakiraan_indeks.nilai_sementara_eksak IS 'Nilai sementara tanpa pembulatan.';
COMMENT ON COLUMN mart.prakiraan_indeks.potensi_eksak IS 'Potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.prakiraan_indeks.predikat IS 'Predikat dari nilai sementara itu.';
COMMENT ON COLUMN mart.prakiraan_indeks.selisih IS 'Nilai sementara dikurangi nilai sementara sekarang.';
COMMENT ON COLUMN mart.prakiraan_indeks.diketahui_sampai IS
'Batas prakiraan bila terlalu banyak perubahan yang diketahui; kosong bila sampai akhir.';
COMMENT ON COLUMN mart.prakiraan_indeks.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
