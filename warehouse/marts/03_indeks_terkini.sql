-- The latest index of each institution, with the last official result that was known by then and the scored
-- date before it, under the same rules only.
CREATE OR REPLACE VIEW mart.indeks_terkini AS
WITH earlier AS (
    SELECT latest.skor_id, run.as_of, total.provisional
    FROM mart.skor_terkini AS latest
    JOIN score.run AS run
        ON run.institution = latest.institusi
        AND run.instrument = latest.instrumen
        AND run.ruleset_hash = latest.sidik_aturan
        AND run.as_of < latest.keadaan_pada
    JOIN score.aggregate AS total ON total.score_id = run.score_id AND total.scope = 'index'
    QUALIFY row_number() OVER (
        PARTITION BY latest.skor_id ORDER BY run.as_of DESC, run.scored_at DESC, run.score_id
    ) = 1
)
SELECT
    scored.institusi, scored.nama_institusi, scored.instrumen, scored.tanggal, scored.keadaan_pada, scored.zona_waktu,
    scored.terbukti, scored.nilai_sementara, scored.potensi,
    scored.terbukti_eksak, scored.nilai_sementara_eksak, scored.potensi_eksak,
    scored.cakupan, scored.predikat, scored.target, scored.selisih_target,
    official.index_value AS indeks_resmi,
    official.year AS tahun_resmi,
    earlier.as_of AS sebelumnya_pada,
    earlier.provisional AS nilai_sementara_sebelumnya_eksak,
    scored.sidik_aturan, scored.skor_id, scored.dihitung_pada
FROM mart.indeks_riwayat AS scored
JOIN mart.skor_terkini AS latest ON latest.skor_id = scored.skor_id
LEFT JOIN earlier ON earlier.skor_id = scored.skor_id
LEFT JOIN core.official_result AS official
    ON official.institution = scored.institusi
    AND official.instrument = scored.instrumen
    AND official.decided_on <= scored.tanggal
    AND official.valid_from <= scored.keadaan_pada
    AND (official.valid_to IS NULL OR official.valid_to > scored.keadaan_pada)
QUALIFY row_number() OVER (PARTITION BY scored.skor_id ORDER BY official.year DESC, official.decided_on DESC) = 1;

COMMENT ON VIEW mart.indeks_terkini IS
'Indeks pada tanggal terakhir yang dinilai, satu baris per institusi dan instrumen. Bersifat sementara dan bukan hasil resmi.';
COMMENT ON COLUMN mart.indeks_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.indeks_terkini.nama_institusi IS 'Nama institusi pada saat itu.';
COMMENT ON COLUMN mart.indeks_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.indeks_terkini.tanggal IS 'Tanggal yang dinilai, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.indeks_terkini.zona_waktu IS 'Zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_terkini.terbukti IS
'Indeks bila hanya bukti yang masih segar dihitung; dua desimal, setengah ke atas.';
COMMENT ON COLUMN mart.indeks_terkini.nilai_sementara IS
'Indeks berjalan: nilai resmi terakhir per indikator yang belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang; dua desimal.';
COMMENT ON COLUMN mart.indeks_terkini.potensi IS 'Indeks bila semua yang belum terbantah terpenuhi; dua desimal.';
COMMENT ON COLUMN mart.indeks_terkini.terbukti_eksak IS 'Nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_terkini.nilai_sementara_eksak IS 'Nilai sementara tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_terkini.potensi_eksak IS 'Nilai potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_terkini.cakupan IS
'Bagian bobot kriteria di atas tingkat 1 yang terjawab bukti segar, 0 sampai 1.';
COMMENT ON COLUMN mart.indeks_terkini.predikat IS 'Predikat dari nilai sementara.';
COMMENT ON COLUMN mart.indeks_terkini.target IS 'Target indeks tahun itu untuk instrumen utama, menurut berkas institusi; kosong bila tidak ada.';
COMMENT ON COLUMN mart.indeks_terkini.selisih_target IS 'Nilai sementara dikurangi target; negatif berarti di bawah target.';
COMMENT ON COLUMN mart.indeks_terkini.indeks_resmi IS 'Indeks resmi terakhir yang sudah ditetapkan pada tanggal itu.';
COMMENT ON COLUMN mart.indeks_terkini.tahun_resmi IS 'Tahun penilaian dari indeks resmi itu.';
COMMENT ON COLUMN mart.indeks_terkini.sebelumnya_pada IS
'Saat yang dinilai sebelumnya dengan aturan yang sama; kosong bila belum ada.';
COMMENT ON COLUMN mart.indeks_terkini.nilai_sementara_sebelumnya_eksak IS
'Nilai sementara pada saat itu, tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_terkini.sidik_aturan IS
'SHA-256 seluruh aturan penilaian; skor dengan sidik berbeda tidak boleh dibandingkan.';
COMMENT ON COLUMN mart.indeks_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
COMMENT ON COLUMN mart.indeks_terkini.dihitung_pada IS 'Saat penilaian dihitung.';
