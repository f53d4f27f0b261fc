-- Indicators whose provisional level differs from the scored date before, under the same rules only.
-- The contributions add up exactly to the change of the index.
CREATE OR REPLACE VIEW mart.perubahan_terkini AS
WITH pairs AS (
    SELECT latest.*, earlier.score_id AS earlier_id, earlier.as_of AS earlier_as_of
    FROM mart.skor_terkini AS latest
    JOIN score.run AS earlier
        ON earlier.institution = latest.institusi
        AND earlier.instrument = latest.instrumen
        AND earlier.ruleset_hash = latest.sidik_aturan
        AND earlier.as_of < latest.keadaan_pada
    QUALIFY row_number() OVER (
        PARTITION BY latest.skor_id ORDER BY earlier.as_of DESC, earlier.scored_at DESC, earlier.score_id
    ) = 1
)
SELECT
    pairs.institusi, pairs.instrumen, pairs.keadaan_pada,
    pairs.earlier_as_of AS sebelumnya_pada,
    named.ordinal AS urutan,
    named.indicator AS indikator,
    named.short_name AS nama_singkat,
    before.provisional AS tingkat_sebelum,
    after.provisional AS tingkat_sesudah,
    CASE run.scale WHEN 'itemised' THEN 'desimal' ELSE 'bulat' END AS skala,
    CAST(after.weight * (after.provisional - before.provisional) * 0.01 AS DECIMAL(18, 10)) AS sumbangan,
    pairs.skor_id
FROM pairs
JOIN score.run AS run ON run.score_id = pairs.skor_id
JOIN score.level AS after ON after.score_id = pairs.skor_id
JOIN score.level AS before ON before.score_id = pairs.earlier_id AND before.indicator = after.indicator
JOIN score.indicator AS named
    ON named.instrument = pairs.instrumen AND named.indicator = after.indicator
WHERE after.provisional <> before.provisional
ORDER BY pairs.institusi, pairs.instrumen, named.ordinal;

COMMENT ON VIEW mart.perubahan_terkini IS
'Indikator yang tingkat sementaranya berubah sejak tanggal penilaian sebelumnya, dengan aturan yang sama.';
COMMENT ON COLUMN mart.perubahan_terkini.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.perubahan_terkini.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.perubahan_terkini.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.perubahan_terkini.sebelumnya_pada IS 'Saat yang dinilai sebelumnya, sebagai pembanding.';
COMMENT ON COLUMN mart.perubahan_terkini.urutan IS 'Urutan indikator dalam instrumen.';
COMMENT ON COLUMN mart.perubahan_terkini.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.perubahan_terkini.nama_singkat IS 'Nama singkat indikator.';
COMMENT ON COLUMN mart.perubahan_terkini.tingkat_sebelum IS
'Tingkat (Pemdi: nilai) sementara pada penilaian sebelumnya, tanpa pembulatan.';
COMMENT ON COLUMN mart.perubahan_terkini.tingkat_sesudah IS
'Tingkat (Pemdi: nilai) sementara sekarang, tanpa pembulatan.';
COMMENT ON COLUMN mart.perubahan_terkini.skala IS
'bulat: tingkat 1 sampai 5 (SPBE); desimal: nilai 1,00 sampai 5,00 menurut butir yang terpenuhi (Pemdi).';
COMMENT ON COLUMN mart.perubahan_terkini.sumbangan IS
'Sumbangan perubahan ini terhadap indeks; jumlah semua baris sama dengan perubahan indeks.';
COMMENT ON COLUMN mart.perubahan_terkini.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
