-- The index of every day that was scored: the last date of the day, in the institution's own time zone.
CREATE OR REPLACE VIEW mart.indeks_harian AS
WITH daily AS (
    SELECT *
    FROM mart.indeks_riwayat
    QUALIFY row_number() OVER (PARTITION BY institusi, instrumen, tanggal ORDER BY keadaan_pada DESC) = 1
)
SELECT
    *,
    coalesce(
        sidik_aturan <> lag(sidik_aturan) OVER (PARTITION BY institusi, instrumen ORDER BY tanggal), FALSE
    ) AS ganti_aturan
FROM daily;

COMMENT ON VIEW mart.indeks_harian IS
'Indeks per institusi dan tanggal yang dinilai (penilaian terakhir hari itu). Bersifat sementara dan bukan hasil resmi.';
COMMENT ON COLUMN mart.indeks_harian.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.indeks_harian.nama_institusi IS 'Nama institusi pada saat itu.';
COMMENT ON COLUMN mart.indeks_harian.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.indeks_harian.tanggal IS 'Tanggal yang dinilai, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_harian.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.indeks_harian.zona_waktu IS 'Zona waktu institusi.';
COMMENT ON COLUMN mart.indeks_harian.terbukti IS
'Indeks bila hanya bukti yang masih segar dihitung; dua desimal, setengah ke atas.';
COMMENT ON COLUMN mart.indeks_harian.nilai_sementara IS
'Indeks berjalan: nilai resmi terakhir per indikator yang belum terbantah, atau, bila lebih tinggi, yang terbukti bersama yang dalam masa tenggang; dua desimal.';
COMMENT ON COLUMN mart.indeks_harian.potensi IS 'Indeks bila semua yang belum terbantah terpenuhi; dua desimal.';
COMMENT ON COLUMN mart.indeks_harian.terbukti_eksak IS 'Nilai terbukti tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_harian.nilai_sementara_eksak IS 'Nilai sementara tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_harian.potensi_eksak IS 'Nilai potensi tanpa pembulatan.';
COMMENT ON COLUMN mart.indeks_harian.cakupan IS
'Bagian bobot kriteria di atas tingkat 1 yang terjawab bukti segar, 0 sampai 1.';
COMMENT ON COLUMN mart.indeks_harian.predikat IS 'Predikat dari nilai sementara.';
COMMENT ON COLUMN mart.indeks_harian.target IS 'Target indeks tahun itu untuk instrumen utama, menurut berkas institusi; kosong bila tidak ada.';
COMMENT ON COLUMN mart.indeks_harian.selisih_target IS 'Nilai sementara dikurangi target; negatif berarti di bawah target.';
COMMENT ON COLUMN mart.indeks_harian.sidik_aturan IS
'SHA-256 seluruh aturan penilaian; skor dengan sidik berbeda tidak boleh dibandingkan.';
COMMENT ON COLUMN mart.indeks_harian.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
COMMENT ON COLUMN mart.indeks_harian.dihitung_pada IS 'Saat penilaian dihitung.';
COMMENT ON COLUMN mart.indeks_harian.ganti_aturan IS
'Benar bila hari ini dinilai dengan aturan lain daripada hari sebelumnya dalam daftar: jangan tarik garis melewatinya; pantau rescore menyamakannya.';
