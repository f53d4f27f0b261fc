-- The index of every date that was scored. A date scored again counts with its last score, under the rules in use
-- where there is one.
CREATE OR REPLACE VIEW mart.indeks_riwayat AS
WITH scored AS (
    SELECT
        run.score_id, run.institution, run.instrument, run.ruleset_hash, run.as_of, run.scored_at,
        coalesce(known.name, run.institution) AS name,
        coalesce(known.time_zone, 'Asia/Jakarta') AS time_zone,
        -- Targets are set for the index of the headline.
        coalesce(known.instrument = run.instrument, TRUE) AS is_headline,
        CAST(timezone(coalesce(known.time_zone, 'Asia/Jakarta'), run.as_of) AS DATE) AS scored_on
    FROM score.run AS run
    LEFT JOIN mart.aturan AS rules ON rules.instrumen = run.instrument AND rules.sidik_aturan = run.ruleset_hash
    LEFT JOIN core.institution AS known
        ON known.institution = run.institution
        AND known.valid_from <= run.as_of AND (known.valid_to IS NULL OR known.valid_to > run.as_of)
    QUALIFY row_number() OVER (
        PARTITION BY run.institution, run.instrument, run.as_of
        ORDER BY coalesce(rules.sedang_dipakai, FALSE) DESC, run.scored_at DESC, run.score_id
    ) = 1
)
SELECT
    scored.institution AS institusi,
    scored.name AS nama_institusi,
    scored.instrument AS instrumen,
    scored.scored_on AS tanggal,
    scored.as_of AS keadaan_pada,
    scored.time_zone AS zona_waktu,
    -- DuckDB rounds a DECIMAL half away from zero, as official results are rounded.
    round(total.proven, 2) AS terbukti,
    round(total.provisional, 2) AS nilai_sementara,
    round(total.possible, 2) AS potensi,
    total.proven AS terbukti_eksak,
    total.provisional AS nilai_sementara_eksak,
    total.possible AS potensi_eksak,
    total.coverage AS cakupan,
    total.predikat AS predikat,
    target.target AS target,
    round(total.provisional, 2) - target.target AS selisih_target,
    scored.ruleset_hash AS sidik_aturan,
    scored.score_id AS skor_id,
    scored.scored_at AS dihitung_pada
FROM scored
JOIN score.aggregate AS total ON total.score_id = scored.score_id AND total.scope = 'index'
LEFT JOIN core.target AS target
    ON scored.is_headline
    AND target.institution = scored.institution
    AND target.year = year(scored.scored_on)
    AND target.valid_from <= scored.as_of AND (target.valid_to IS NULL OR target.valid_to > scored.as_of);

COMMENT ON VIEW mart.indeks_riwayat IS
'Indeks per institusi dan saat yang dinilai. Bersifat sementara dan bukan hasil resmi.';
COMMENT ON COLUMN mart.indeks_riwayat.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.indeks_riwayat.nama_institusi IS 'Nama institusi pada saat itu.';
COMMENT ON COLUMN mart.indeks_riwayat.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.indeks_riwayat.tanggal IS 'Tanggal yang dinilai, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_riwayat.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.indeks_riwayat.zona_waktu IS 'Zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_riwayat.terbukti IS
'Indeks bila hanya bukti yang masih segar dihitung; dua desimal, setengah ke atas.';
COMMENT ON COLUMN mart.indeks_riwayat.nilai_sementara IS
'Indeks berjalan: nilai resmi terakhir per indikator yang belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang; dua desimal.';
COMMENT ON COLUMN mart.indeks_riwayat.potensi IS 'Indeks bila semua yang belum terbantah terpenuhi; dua desimal.';
COMMENT ON COLUMN mart.indeks_riwayat.terbukti_eksak IS 'Nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_riwayat.nilai_sementara_eksak IS 'Nilai sementara tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_riwayat.potensi_eksak IS 'Nilai potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_riwayat.cakupan IS
'Bagian bobot kriteria di atas tingkat 1 yang terjawab bukti segar, 0 sampai 1.';
COMMENT ON COLUMN mart.indeks_riwayat.predikat IS 'Predikat dari nilai sementara.';
COMMENT ON COLUMN mart.indeks_riwayat.target IS 'Target indeks tahun itu untuk instrumen utama, menurut berkas institusi; kosong bila tidak ada.';
COMMENT ON COLUMN mart.indeks_riwayat.selisih_target IS 'Nilai sementara dikurangi target; negatif berarti di bawah target.';
COMMENT ON COLUMN mart.indeks_riwayat.sidik_aturan IS
'SHA-256 seluruh aturan penilaian; skor dengan sidik berbeda tidak boleh dibandingkan.';
COMMENT ON COLUMN mart.indeks_riwayat.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
COMMENT ON COLUMN mart.indeks_riwayat.dihitung_pada IS 'Saat penilaian dihitung.';
