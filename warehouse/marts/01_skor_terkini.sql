-- The latest scored date of each institution under each instrument. Latest by as_of, never by the clock:
-- the other "terkini" views hang on this one.
CREATE OR REPLACE VIEW mart.skor_terkini AS
SELECT
    institution AS institusi,
    instrument AS instrumen,
    score_id AS skor_id,
    as_of AS keadaan_pada,
    ruleset_hash AS sidik_aturan,
    scored_at AS dihitung_pada
FROM score.run
QUALIFY row_number() OVER (
    PARTITION BY institution, instrument ORDER BY as_of DESC, scored_at DESC, score_id
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
