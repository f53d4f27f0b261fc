-- Every indicator of the latest scores with what an assessor asks: how far, what is missing, whose it is, and the two
-- texts of the assessment form. The texts are written when the copy is published.
CREATE OR REPLACE VIEW mart.penjelasan_indikator AS
SELECT
    reached.institusi, reached.instrumen, reached.keadaan_pada, reached.urutan, reached.nomor, reached.nama,
    reached.tingkat,
    reached.terbukti,
    reached.nilai_sementara AS nilai,
    reached.potensi,
    reached.resmi,
    told.next_level AS tingkat_berikutnya,
    told.missing AS yang_kurang,
    told.owners AS pemilik,
    told.facts AS fakta,
    told.analysis AS analisis,
    reached.skor_id
FROM mart.indikator_terkini AS reached
LEFT JOIN score.narrative AS told ON told.score_id = reached.skor_id AND told.indicator = reached.nomor
ORDER BY reached.institusi, reached.instrumen, reached.urutan;

COMMENT ON VIEW mart.penjelasan_indikator IS
'Penjelasan setiap indikator pada tanggal terakhir yang dinilai: tingkat, yang kurang, pemiliknya, serta draf Fakta dan Analisis untuk formulir penilaian. Rancangan dari bukti, bukan penilaian resmi.';
COMMENT ON COLUMN mart.penjelasan_indikator.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.penjelasan_indikator.instrumen IS 'Kode instrumen, misalnya spbe-2020 atau pemdi-2026.';
COMMENT ON COLUMN mart.penjelasan_indikator.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.penjelasan_indikator.urutan IS 'Urutan indikator dalam instrumen.';
COMMENT ON COLUMN mart.penjelasan_indikator.nomor IS 'Nomor indikator.';
COMMENT ON COLUMN mart.penjelasan_indikator.nama IS 'Nama lengkap indikator menurut peraturan.';
COMMENT ON COLUMN mart.penjelasan_indikator.tingkat IS
'Tingkat tertinggi yang dicapai penuh oleh nilai sementara, 0 sampai 5 (0: di bawah tingkat 1).';
COMMENT ON COLUMN mart.penjelasan_indikator.terbukti IS 'Tingkat atau skor yang dibuktikan bukti yang masih segar.';
COMMENT ON COLUMN mart.penjelasan_indikator.nilai IS
'Nilai sementara: yang resmi terakhir selama belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang.';
COMMENT ON COLUMN mart.penjelasan_indikator.potensi IS 'Tingkat atau skor bila semua yang belum terbantah terpenuhi.';
COMMENT ON COLUMN mart.penjelasan_indikator.resmi IS 'Tingkat atau skor resmi terakhir; kosong bila tidak diketahui.';
COMMENT ON COLUMN mart.penjelasan_indikator.tingkat_berikutnya IS
'Tingkat yang dikejar berikutnya; kosong bila sudah tertinggi.';
COMMENT ON COLUMN mart.penjelasan_indikator.yang_kurang IS 'Kriteria tingkat berikutnya yang belum dihitung terpenuhi.';
COMMENT ON COLUMN mart.penjelasan_indikator.pemilik IS 'Perangkat daerah yang dapat menjawab yang kurang itu.';
COMMENT ON COLUMN mart.penjelasan_indikator.fakta IS
'Draf Fakta: apa yang teramati, dengan dokumen, tanggal, alamat dan saat penangkapan.';
COMMENT ON COLUMN mart.penjelasan_indikator.analisis IS
'Draf Analisis: tingkat mana yang terbukti menurut peraturan instrumen, dan mengapa tingkat berikutnya belum.';
COMMENT ON COLUMN mart.penjelasan_indikator.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
