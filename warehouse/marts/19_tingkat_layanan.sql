-- Service levels as counted (queries/service_sla.sql), in the units and words of people: per service and local day, per
-- service and month, and per agency and month. The views by day, month and agency show parts of it.
CREATE OR REPLACE VIEW mart.tingkat_layanan AS
SELECT
    level.institution AS institusi,
    level.period AS masa,
    level.starts_on AS mulai,
    level.service_id AS layanan,
    coalesce(service.name, level.service_id) AS nama,
    coalesce(agency.name, level.agency) AS perangkat_daerah,
    level.services AS layanan_dipantau,
    round(100 * level.up_seconds / nullif(level.up_seconds + level.down_seconds, 0), 3)::DECIMAL(6, 3) AS ketersediaan_persen,
    level.checks AS pemeriksaan,
    level.checks_up AS pemeriksaan_hidup,
    level.checks_unknown AS pemeriksaan_tidak_pasti,
    level.checks_imported AS pemeriksaan_riwayat,
    round(level.up_seconds / 60, 2)::DECIMAL(18, 2) AS menit_hidup,
    round(level.down_seconds / 60, 2)::DECIMAL(18, 2) AS menit_mati,
    round(level.unknown_seconds / 60, 2)::DECIMAL(18, 2) AS menit_tidak_diketahui,
    round(level.excluded_seconds / 60, 2)::DECIMAL(18, 2) AS menit_dikecualikan,
    level.outages AS gangguan,
    round(level.longest_outage_seconds / 60, 2)::DECIMAL(18, 2) AS gangguan_terlama_menit,
    round(level.mttr_seconds / 60, 2)::DECIMAL(18, 2) AS mttr_menit,
    level.total_ms_p50 AS total_ms_p50,
    level.total_ms_p95 AS total_ms_p95,
    level.total_ms_p99 AS total_ms_p99,
    level.first_byte_ms_p50 AS bita_pertama_ms_p50,
    level.first_byte_ms_p95 AS bita_pertama_ms_p95,
    level.first_byte_ms_p99 AS bita_pertama_ms_p99
FROM core.service_sla AS level
LEFT JOIN (
    SELECT institution, service_id, arg_max(name, valid_from) AS name FROM core.service GROUP BY ALL
) AS service
    ON service.institution = level.institution AND service.service_id = level.service_id
LEFT JOIN core.agency AS agency
    ON agency.institution = level.institution AND agency.agency = level.agency AND agency.valid_to IS NULL
ORDER BY level.institution, level.period, level.starts_on DESC, level.agency, level.service_id NULLS FIRST;

COMMENT ON VIEW mart.tingkat_layanan IS
'Tingkat layanan per layanan dan hari, per layanan dan bulan, dan per perangkat daerah dan bulan. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.tingkat_layanan.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.tingkat_layanan.masa IS 'Masa: hari atau bulan.';
COMMENT ON COLUMN mart.tingkat_layanan.mulai IS 'Hari pertama masa itu menurut zona waktu institusi.';
COMMENT ON COLUMN mart.tingkat_layanan.layanan IS 'Kode layanan; kosong untuk semua layanan perangkat daerah.';
COMMENT ON COLUMN mart.tingkat_layanan.nama IS 'Nama layanan.';
COMMENT ON COLUMN mart.tingkat_layanan.perangkat_daerah IS 'Perangkat daerah yang bertanggung jawab.';
COMMENT ON COLUMN mart.tingkat_layanan.layanan_dipantau IS 'Banyaknya layanan perangkat daerah yang dihitung dalam masa itu.';
COMMENT ON COLUMN mart.tingkat_layanan.ketersediaan_persen IS
'Menit hidup dibagi menit hidup dan mati, persen; kosong bila tidak ada waktu yang diketahui. Cara hitung: tiap pemeriksaan berlaku sampai pemeriksaan berikutnya, paling lama check_holds dalam berkas institusi (bawaan 30 menit); waktu di luar itu, dan pemeriksaan yang tidak dapat memastikan, tidak diketahui dan tidak ikut dihitung; jendela pemeliharaan dikeluarkan.';
COMMENT ON COLUMN mart.tingkat_layanan.pemeriksaan IS
'Banyaknya pemeriksaan yang dapat memastikan hidup atau mati, di luar pemeliharaan.';
COMMENT ON COLUMN mart.tingkat_layanan.pemeriksaan_hidup IS 'Di antaranya yang hidup.';
COMMENT ON COLUMN mart.tingkat_layanan.pemeriksaan_tidak_pasti IS
'Banyaknya pemeriksaan yang tidak dapat memastikan (diblokir, atau gangguan di tempat Pantau).';
COMMENT ON COLUMN mart.tingkat_layanan.pemeriksaan_riwayat IS
'Banyaknya pemeriksaan yang berasal dari riwayat alat lain, bukan dari Pantau.';
COMMENT ON COLUMN mart.tingkat_layanan.menit_hidup IS 'Menit yang diketahui hidup.';
COMMENT ON COLUMN mart.tingkat_layanan.menit_mati IS 'Menit yang diketahui mati.';
COMMENT ON COLUMN mart.tingkat_layanan.menit_tidak_diketahui IS
'Menit sejak layanan mulai dipantau yang tidak diketahui keadaannya; bukan hidup dan bukan mati.';
COMMENT ON COLUMN mart.tingkat_layanan.menit_dikecualikan IS 'Menit dalam jendela pemeliharaan.';
COMMENT ON COLUMN mart.tingkat_layanan.gangguan IS 'Banyaknya gangguan yang berlangsung dalam masa itu.';
COMMENT ON COLUMN mart.tingkat_layanan.gangguan_terlama_menit IS
'Menit mati dalam masa itu dari gangguan yang paling lama; kosong bila tidak ada gangguan.';
COMMENT ON COLUMN mart.tingkat_layanan.mttr_menit IS
'Rata-rata lama gangguan yang pulih dalam masa itu, dihitung dari awalnya, menit; kosong bila tidak ada yang pulih.';
COMMENT ON COLUMN mart.tingkat_layanan.total_ms_p50 IS
'Persentil 50 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.tingkat_layanan.total_ms_p95 IS
'Persentil 95 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.tingkat_layanan.total_ms_p99 IS
'Persentil 99 waktu seluruh pemeriksaan yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.tingkat_layanan.bita_pertama_ms_p50 IS
'Persentil 50 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.tingkat_layanan.bita_pertama_ms_p95 IS
'Persentil 95 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
COMMENT ON COLUMN mart.tingkat_layanan.bita_pertama_ms_p99 IS
'Persentil 99 waktu sampai bita pertama yang hidup, milidetik: nilai yang sungguh terukur, dibulatkan ke milidetik.';
