-- The part of mart.tingkat_layanan by service and month.
CREATE OR REPLACE VIEW mart.sla_layanan_bulanan AS
SELECT * EXCLUDE (masa, layanan_dipantau) RENAME (mulai AS bulan)
FROM mart.tingkat_layanan
WHERE masa = 'bulan' AND layanan IS NOT NULL
ORDER BY institusi, bulan DESC, layanan;

COMMENT ON VIEW mart.sla_layanan_bulanan IS
'Tingkat layanan per layanan dan bulan; bulan berjalan dihitung sampai saat terbit. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.bulan IS 'Hari pertama bulan itu.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.layanan IS 'Kode layanan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.nama IS 'Nama layanan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.perangkat_daerah IS 'Perangkat daerah yang bertanggung jawab.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.ketersediaan_persen IS
'Menit hidup dibagi menit hidup dan mati, persen; kosong bila tidak ada waktu yang diketahui. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.pemeriksaan IS
'Banyaknya pemeriksaan yang dapat memastikan hidup atau mati, di luar pemeliharaan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.pemeriksaan_hidup IS 'Di antaranya yang hidup.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.pemeriksaan_tidak_pasti IS
'Banyaknya pemeriksaan yang tidak dapat memastikan (diblokir, atau gangguan di tempat Pantau).';
COMMENT ON COLUMN mart.sla_layanan_bulanan.pemeriksaan_riwayat IS
'Banyaknya pemeriksaan yang berasal dari riwayat alat lain, bukan dari Pantau.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.menit_hidup IS 'Menit yang diketahui hidup.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.menit_mati IS 'Menit yang diketahui mati.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.menit_tidak_diketahui IS
'Menit sejak layanan mulai dipantau yang tidak diketahui keadaannya; bukan hidup dan bukan mati.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.menit_dikecualikan IS 'Menit dalam jendela pemeliharaan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.gangguan IS 'Banyaknya gangguan yang berlangsung dalam masa itu.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.gangguan_terlama_menit IS
'Menit mati dalam masa itu dari gangguan yang paling lama; kosong bila tidak ada gangguan.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.mttr_menit IS
'Rata-rata lama gangguan yang pulih dalam masa itu, dihitung dari awalnya, menit; kosong bila tidak ada yang pulih.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.total_ms_p50 IS
'Persentil 50 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.total_ms_p95 IS
'Persentil 95 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.total_ms_p99 IS
'Persentil 99 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.bita_pertama_ms_p50 IS
'Persentil 50 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.bita_pertama_ms_p95 IS
'Persentil 95 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.sla_layanan_bulanan.bita_pertama_ms_p99 IS
'Persentil 99 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
