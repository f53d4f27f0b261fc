-- Every alert ever decided, with where and when it was delivered.
CREATE OR REPLACE VIEW mart.peringatan AS
SELECT
    event.institution AS institusi,
    event.created_at AS dibuat_pada,
    event.kind AS jenis,
    event.severity AS kegawatan,
    event.line AS isi,
    event.payload ->> '$.before' AS sebelum,
    event.payload ->> '$.after' AS sesudah,
    event.payload ->> '$.cause' AS sebab,
    min(done.delivered_at) AS disampaikan_pada,
    string_agg(DISTINCT done.channel, ', ' ORDER BY done.channel) AS saluran,
    event.event_key AS kunci_peristiwa,
    event.score_id AS skor_id,
    event.ordinal AS urutan
FROM ops.outbox AS event
LEFT JOIN ops.delivery AS done ON done.event_key = event.event_key
GROUP BY ALL
ORDER BY event.created_at DESC, event.institution, event.ordinal;

COMMENT ON VIEW mart.peringatan IS 'Setiap peringatan yang pernah diputuskan, dan kapan disampaikan.';
COMMENT ON COLUMN mart.peringatan.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.peringatan.dibuat_pada IS 'Saat peringatan diputuskan.';
COMMENT ON COLUMN mart.peringatan.jenis IS
'Jenis: index_fell, predicate_fell (pengganti index_fell bila predikat ikut turun), domain_fell, level_fell, evidence_stale, below_target_path, target_path_regained, evidence_expiring, source_failed, batch_quarantined, pipeline_silent, service_down, service_unstable, service_recovered, service_compromised, service_replaced, service_changed (perlu diperiksa), tls_expiring, application_after_moratorium, rules_changed (bukan perubahan keadaan).';
COMMENT ON COLUMN mart.peringatan.kegawatan IS 'Kegawatan: penting, waspada, info.';
COMMENT ON COLUMN mart.peringatan.isi IS 'Kalimat peringatan.';
COMMENT ON COLUMN mart.peringatan.sebelum IS 'Keadaan sebelumnya.';
COMMENT ON COLUMN mart.peringatan.sesudah IS 'Keadaan sesudahnya.';
COMMENT ON COLUMN mart.peringatan.sebab IS 'Sebab perubahan.';
COMMENT ON COLUMN mart.peringatan.disampaikan_pada IS 'Saat pertama disampaikan; kosong bila belum.';
COMMENT ON COLUMN mart.peringatan.saluran IS 'Saluran yang sudah menerimanya.';
COMMENT ON COLUMN mart.peringatan.kunci_peristiwa IS 'Kunci peristiwa; peristiwa yang sama tidak diperingatkan dua kali.';
COMMENT ON COLUMN mart.peringatan.skor_id IS 'Pengenal penilaian yang memutuskannya.';
COMMENT ON COLUMN mart.peringatan.urutan IS 'Urutan dalam pesan: indeks, domain, indikator, sumber, layanan, jalur target, sertifikat, jadwal, bukti yang akan kedaluwarsa.';
