-- One application that several offices list, as of the latest scored date: shared use, no overlap.
CREATE OR REPLACE VIEW mart.aplikasi_dipakai_bersama AS
SELECT
    latest.institusi,
    latest.keadaan_pada,
    found.name AS nama,
    found.is_national AS nasional,
    len(found.agencies) AS jumlah_perangkat_daerah,
    found.agencies AS perangkat_daerah,
    found.entry_count AS jumlah_catatan,
    found.score_id AS skor_id
FROM score.application_shared AS found
JOIN (
    -- Each instrument's score notes the same applications: those of one are told.
    SELECT *
    FROM mart.skor_terkini
    QUALIFY row_number() OVER (PARTITION BY institusi ORDER BY keadaan_pada DESC, skor_id) = 1
) AS latest ON latest.skor_id = found.score_id
ORDER BY latest.institusi, found.ordinal;

COMMENT ON VIEW mart.aplikasi_dipakai_bersama IS
'Satu aplikasi yang dicatat beberapa perangkat daerah (berbagi pakai), menurut penilaian terbaru; bukan tumpang tindih.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.keadaan_pada IS 'Saat yang dinilai: registri sebagaimana tercatat saat itu.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.nama IS 'Nama aplikasi sebagaimana paling sering dicatat.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.nasional IS 'Benar bila disediakan pemerintah pusat untuk semua.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.jumlah_perangkat_daerah IS 'Banyaknya perangkat daerah yang mencatatnya.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.perangkat_daerah IS 'Perangkat daerah yang mencatatnya.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.jumlah_catatan IS 'Banyaknya baris registri yang menyebutnya.';
COMMENT ON COLUMN mart.aplikasi_dipakai_bersama.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
