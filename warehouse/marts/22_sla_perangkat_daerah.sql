-- The part of mart.tingkat_layanan by agency and month: the time of all its services together.
CREATE OR REPLACE VIEW mart.sla_perangkat_daerah AS
SELECT * EXCLUDE (masa, layanan, nama) RENAME (mulai AS bulan)
FROM mart.tingkat_layanan
WHERE masa = 'bulan' AND layanan IS NULL
ORDER BY institusi, bulan DESC, perangkat_daerah;

COMMENT ON VIEW mart.sla_perangkat_daerah IS
'Tingkat layanan per perangkat daerah dan bulan: waktu semua layanannya dijumlahkan; gangguan dihitung per layanan. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.bulan IS 'Hari pertama bulan itu.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.perangkat_daerah IS 'Perangkat daerah yang bertanggung jawab.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.layanan_dipantau IS 'Banyaknya layanan yang dihitung.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.ketersediaan_persen IS
'Menit hidup dibagi menit hidup dan mati, persen; kosong bila tidak ada waktu yang diketahui. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.pemeriksaan IS
'Banyaknya pemeriksaan yang dapat memastikan hidup atau mati, di luar pemeliharaan.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.pemeriksaan_hidup IS 'Di antaranya yang hidup.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.pemeriksaan_tidak_pasti IS
'Banyaknya pemeriksaan yang tidak dapat memastikan (diblokir, atau gangguan di tempat Pantau).';
COMMENT ON COLUMN mart.sla_perangkat_daerah.pemeriksaan_riwayat IS
'Banyaknya pemeriksaan yang berasal dari riwayat alat lain, bukan dari Pantau.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.menit_hidup IS 'Menit yang diketahui hidup.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.menit_mati IS 'Menit yang diketahui mati.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.menit_tidak_diketahui IS
'Menit sejak layanan mulai dipantau yang tidak diketahui keadaannya; bukan hidup dan bukan mati.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.menit_dikecualikan IS 'Menit dalam jendela pemeliharaan.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.gangguan IS 'Banyaknya gangguan yang berlangsung dalam masa itu.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.gangguan_terlama_menit IS
'Menit mati dalam masa itu dari gangguan yang paling lama; kosong bila tidak ada gangguan.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.mttr_menit IS
'Rata-rata lama gangguan yang pulih dalam masa itu, dihitung dari awalnya, menit; kosong bila tidak ada yang pulih.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.total_ms_p50 IS
'Persentil 50 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.total_ms_p95 IS
'Persentil 95 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.total_ms_p99 IS
'Persentil 99 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.bita_pertama_ms_p50 IS
'Persentil 50 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.bita_pertama_ms_p95 IS
'Persentil 95 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_perangkat_daerah.bita_pertama_ms_p99 IS
'Persentil 99 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
