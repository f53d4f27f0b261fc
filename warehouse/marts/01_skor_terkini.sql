-- The latest scored date of each institution under each instrument. Latest by as_of, never by the clock:
-- the other "terkini" views hang on this one.
CREATE OR REPLACE VIEW mart.skor_terkini AS
SELECT
    run.institution AS institusi,
    run.instrument AS instrumen,
    run.score_id AS skor_id,
    run.as_of AS keadaan_pada,
    run.ruleset_hash AS sidik_aturan,
    run.scored_at AS dihitung_pada
FROM score.run AS run
LEFT JOIN mart.aturan AS rules ON rules.instrumen = run.instrument AND rules.sidik_aturan = run.ruleset_hash
QUALIFY row_number() OVER (
    PARTITION BY run.institution, run.instrument
    ORDER BY run.as_of DESC, coalesce(rules.sedang_dipakai, FALSE) DESC, run.scored_at DESC, run.score_id
) = 1;

COMMENT ON VIEW mart.skor_terkini IS
'Penilaian terbaru tiap institusi dan instrumen, menurut tanggal keadaan (bukan menurut jam saat dibaca).';
COMMENT ON COLUMN mart.skor_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.skor_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.skor_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
COMMENT ON COLUMN mart.skor_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.skor_terkini.sidik_aturan IS
'SHA-256 seluruh aturan penilaian; skor dengan sidik berbeda tidak boleh dibandingkan.';
COMMENT ON COLUMN mart.skor_terkini.dihitung_pada IS 'Saat penilaian dihitung.';
