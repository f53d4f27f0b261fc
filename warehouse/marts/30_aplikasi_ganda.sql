-- Overlap candidates of the latest scored date, best first. A candidate is a question, not a verdict.
CREATE OR REPLACE VIEW mart.aplikasi_ganda AS
SELECT
    latest.institusi,
    latest.keadaan_pada,
    found.ordinal AS urutan,
    found.likeness AS kemiripan,
    found.reason AS alasan,
    found.first_name AS nama_1,
    found.first_agency AS perangkat_daerah_1,
    found.first_url AS url_1,
    found.first_source AS sumber_1,
    found.first_key AS aplikasi_1,
    found.second_name AS nama_2,
    found.second_agency AS perangkat_daerah_2,
    found.second_url AS url_2,
    found.second_source AS sumber_2,
    found.second_key AS aplikasi_2,
    found.score_id AS skor_id
FROM score.application_overlap AS found
JOIN (
    -- Each instrument's score notes the same applications: those of one are told.
    SELECT *
    FROM mart.skor_terkini
    QUALIFY row_number() OVER (PARTITION BY institusi ORDER BY keadaan_pada DESC, skor_id) = 1
) AS latest ON latest.skor_id = found.score_id
ORDER BY latest.institusi, found.ordinal;

COMMENT ON VIEW mart.aplikasi_ganda IS
'Pasangan aplikasi yang mungkin tumpang tindih menurut penilaian terbaru: usulan untuk diputuskan orang. Aplikasi nasional yang dicatat banyak perangkat daerah tidak termasuk; lihat mart.aplikasi_dipakai_bersama.';
COMMENT ON COLUMN mart.aplikasi_ganda.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.aplikasi_ganda.keadaan_pada IS 'Saat yang dinilai: registri sebagaimana tercatat saat itu.';
COMMENT ON COLUMN mart.aplikasi_ganda.urutan IS 'Urutan, yang paling mirip lebih dulu.';
COMMENT ON COLUMN mart.aplikasi_ganda.kemiripan IS 'Kemiripan 0 sampai 1 dari nama, alamat, fungsi, data dan uraian; hanya yang 0,40 ke atas dicatat.';
COMMENT ON COLUMN mart.aplikasi_ganda.alasan IS 'Mengapa keduanya diusulkan: alamat, nama, fungsi, data atau uraian yang sama.';
COMMENT ON COLUMN mart.aplikasi_ganda.nama_1 IS 'Nama aplikasi pertama.';
COMMENT ON COLUMN mart.aplikasi_ganda.perangkat_daerah_1 IS 'Perangkat daerah aplikasi pertama menurut registri.';
COMMENT ON COLUMN mart.aplikasi_ganda.url_1 IS 'Alamat aplikasi pertama.';
COMMENT ON COLUMN mart.aplikasi_ganda.sumber_1 IS 'Kode sumber aplikasi pertama.';
COMMENT ON COLUMN mart.aplikasi_ganda.aplikasi_1 IS 'Pengenal aplikasi pertama: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_ganda.nama_2 IS 'Nama aplikasi kedua.';
COMMENT ON COLUMN mart.aplikasi_ganda.perangkat_daerah_2 IS 'Perangkat daerah aplikasi kedua menurut registri.';
COMMENT ON COLUMN mart.aplikasi_ganda.url_2 IS 'Alamat aplikasi kedua.';
COMMENT ON COLUMN mart.aplikasi_ganda.sumber_2 IS 'Kode sumber aplikasi kedua.';
COMMENT ON COLUMN mart.aplikasi_ganda.aplikasi_2 IS 'Pengenal aplikasi kedua: perangkat daerah/nama.';
COMMENT ON COLUMN mart.aplikasi_ganda.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
