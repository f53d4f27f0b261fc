-- The part of mart.tingkat_layanan by service and local day.
CREATE OR REPLACE VIEW mart.sla_layanan_harian AS
SELECT * EXCLUDE (masa, layanan_dipantau) RENAME (mulai AS tanggal)
FROM mart.tingkat_layanan
WHERE masa = 'hari'
ORDER BY institusi, tanggal DESC, layanan;

COMMENT ON VIEW mart.sla_layanan_harian IS
'Tingkat layanan per layanan dan hari. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_layanan_harian.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.sla_layanan_harian.tanggal IS 'Tanggal menurut zona waktu institusi.';
COMMENT ON COLUMN mart.sla_layanan_harian.layanan IS 'Kode layanan.';
COMMENT ON COLUMN mart.sla_layanan_harian.nama IS 'Nama layanan.';
COMMENT ON COLUMN mart.sla_layanan_harian.perangkat_daerah IS 'Perangkat daerah yang bertanggung jawab.';
COMMENT ON COLUMN mart.sla_layanan_harian.ketersediaan_persen IS
'Menit hidup dibagi menit hidup dan mati, persen; kosong bila tidak ada waktu yang diketahui. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_layanan_harian.pemeriksaan IS
'Banyaknya pemeriksaan yang dapat memastikan hidup atau mati, di luar pemeliharaan.';
COMMENT ON COLUMN mart.sla_layanan_harian.pemeriksaan_hidup IS 'Di antaranya yang hidup.';
COMMENT ON COLUMN mart.sla_layanan_harian.pemeriksaan_tidak_pasti IS
'Banyaknya pemeriksaan yang tidak dapat memastikan (diblokir, atau gangguan di tempat Pantau).';
COMMENT ON COLUMN mart.sla_layanan_harian.pemeriksaan_riwayat IS
'Banyaknya pemeriksaan yang berasal dari riwayat alat lain, bukan dari Pantau.';
COMMENT ON COLUMN mart.sla_layanan_harian.menit_hidup IS 'Menit yang diketahui hidup.';
COMMENT ON COLUMN mart.sla_layanan_harian.menit_mati IS 'Menit yang diketahui mati.';
COMMENT ON COLUMN mart.sla_layanan_harian.menit_tidak_diketahui IS
'Menit sejak layanan mulai dipantau yang tidak diketahui keadaannya; bukan hidup dan bukan mati.';
COMMENT ON COLUMN mart.sla_layanan_harian.menit_dikecualikan IS 'Menit dalam jendela pemeliharaan.';
COMMENT ON COLUMN mart.sla_layanan_harian.gangguan IS 'Banyaknya gangguan yang berlangsung dalam masa itu.';
COMMENT ON COLUMN mart.sla_layanan_harian.gangguan_terlama_menit IS
'Menit mati dalam masa itu dari gangguan yang paling lama; kosong bila tidak ada gangguan.';
COMMENT ON COLUMN mart.sla_layanan_harian.mttr_menit IS
'Rata-rata lama gangguan yang pulih dalam masa itu, dihitung dari awalnya, menit; kosong bila tidak ada yang pulih.';
COMMENT ON COLUMN mart.sla_layanan_harian.total_ms_p50 IS
'Persentil 50 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_harian.total_ms_p95 IS
'Persentil 95 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_harian.total_ms_p99 IS
'Persentil 99 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_harian.bita_pertama_ms_p50 IS
'Persentil 50 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_harian.bita_pertama_ms_p95 IS
'Persentil 95 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_harian.bita_pertama_ms_p99 IS
'Persentil 99 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
