-- Every change of the index between two scored dates, down to criterion and evidence. For one skor_id and
-- sebelumnya_skor_id the contributions add up exactly to the change of the index.
CREATE OR REPLACE VIEW mart.perubahan AS
SELECT
    moved.institution AS institusi,
    run.instrument AS instrumen,
    earlier.as_of AS sebelumnya_pada,
    run.as_of AS keadaan_pada,
    moved.ordinal AS urutan,
    moved.indicator AS indikator,
    coalesce(named.short_name, 'Indikator ' || moved.indicator) AS nama_singkat,
    moved.level_before AS tingkat_sebelum,
    moved.level_after AS tingkat_sesudah,
    moved.criterion AS kriteria,
    asked.text AS uraian,
    CASE moved.cause
        WHEN 'world' THEN 'keadaan berubah'
        WHEN 'attestation' THEN 'atestasi berubah'
        WHEN 'expired' THEN 'bukti kedaluwarsa'
        WHEN 'source_failed' THEN 'sumber gagal'
        WHEN 'renewed' THEN 'bukti segar kembali'
        WHEN 'settings' THEN 'masa segar berubah'
        WHEN 'probe_failed' THEN 'pemeriksaan gagal'
        WHEN 'official' THEN 'hasil resmi berubah'
        WHEN 'rules' THEN 'aturan berubah'
        ELSE 'sebab lain'
    END AS sebab,
    moved.cause AS kode_sebab,
    moved.state_before AS keadaan_sebelum,
    moved.state_after AS keadaan_sesudah,
    moved.reason_before AS alasan_sebelum,
    moved.reason_after AS alasan_sesudah,
    moved.evidence_id AS bukti,
    capture.source AS sumber,
    capture.url AS url,
    capture.captured_at AS diambil_pada,
    moved.contribution AS sumbangan,
    earlier.ruleset_hash AS sidik_aturan_sebelum,
    run.ruleset_hash AS sidik_aturan,
    moved.previous_id AS sebelumnya_skor_id,
    moved.score_id AS skor_id
FROM score.change AS moved
JOIN score.run AS run ON run.score_id = moved.score_id
JOIN score.run AS earlier ON earlier.score_id = moved.previous_id
LEFT JOIN score.indicator AS named ON named.instrument = run.instrument AND named.indicator = moved.indicator
LEFT JOIN score.criterion AS asked
    ON asked.ruleset_hash = run.ruleset_hash AND asked.instrument = run.instrument AND asked.criterion = moved.criterion
LEFT JOIN core.capture AS capture
    ON capture.institution = moved.institution AND capture.capture_id = moved.evidence_id
ORDER BY moved.institution, run.as_of, moved.score_id, moved.ordinal;

COMMENT ON VIEW mart.perubahan IS
'Setiap perubahan nilai sementara antara dua saat yang dinilai, menurut indikator, kriteria, bukti, dan sebab; jumlah sumbangan sama persis dengan perubahan indeks.';
COMMENT ON COLUMN mart.perubahan.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.perubahan.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.perubahan.sebelumnya_pada IS
'Saat yang dinilai sebelumnya; sama dengan keadaan_pada bila yang berubah hanya aturannya.';
COMMENT ON COLUMN mart.perubahan.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.perubahan.urutan IS 'Urutan baris dalam satu perubahan.';
COMMENT ON COLUMN mart.perubahan.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.perubahan.nama_singkat IS 'Nama singkat indikator.';
COMMENT ON COLUMN mart.perubahan.tingkat_sebelum IS 'Tingkat sementara indikator sebelumnya.';
COMMENT ON COLUMN mart.perubahan.tingkat_sesudah IS 'Tingkat sementara indikator sesudahnya.';
COMMENT ON COLUMN mart.perubahan.kriteria IS
'Kode kriteria yang ikut menggeser tingkat; kosong bila nilai resmi atau aturan secara keseluruhan.';
COMMENT ON COLUMN mart.perubahan.uraian IS 'Bunyi kriteria.';
COMMENT ON COLUMN mart.perubahan.sebab IS
'Sebab: keadaan berubah, atestasi berubah, bukti kedaluwarsa, sumber gagal, bukti segar kembali, masa segar berubah, pemeriksaan gagal, hasil resmi berubah, aturan berubah, sebab lain.';
COMMENT ON COLUMN mart.perubahan.kode_sebab IS 'Kode sebab.';
COMMENT ON COLUMN mart.perubahan.keadaan_sebelum IS 'Keadaan kriteria sebelumnya: met, not_met, unknown, stale, error.';
COMMENT ON COLUMN mart.perubahan.keadaan_sesudah IS 'Keadaan kriteria sesudahnya.';
COMMENT ON COLUMN mart.perubahan.alasan_sebelum IS 'Alasan keadaan sebelumnya, sebagaimana tercatat.';
COMMENT ON COLUMN mart.perubahan.alasan_sesudah IS 'Alasan keadaan sesudahnya, sebagaimana tercatat.';
COMMENT ON COLUMN mart.perubahan.bukti IS
'Pengenal tangkapan yang baru dalam alasan, atau yang hilang darinya, atau yang mendasarinya; kosong bila tanpa bukti.';
COMMENT ON COLUMN mart.perubahan.sumber IS 'Sumber tangkapan itu.';
COMMENT ON COLUMN mart.perubahan.url IS 'Alamat tangkapan itu.';
COMMENT ON COLUMN mart.perubahan.diambil_pada IS 'Saat tangkapan itu diambil.';
COMMENT ON COLUMN mart.perubahan.sumbangan IS
'Sumbangan terhadap perubahan indeks: tingkat indikator dibagi menurut rata-rata semua urutan perubahan kriteria, lalu dibagi rata di antara bukti.';
COMMENT ON COLUMN mart.perubahan.sidik_aturan_sebelum IS 'SHA-256 aturan penilaian sebelumnya.';
COMMENT ON COLUMN mart.perubahan.sidik_aturan IS 'SHA-256 aturan penilaian sesudahnya.';
COMMENT ON COLUMN mart.perubahan.sebelumnya_skor_id IS 'Pengenal penilaian sebelumnya.';
COMMENT ON COLUMN mart.perubahan.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
