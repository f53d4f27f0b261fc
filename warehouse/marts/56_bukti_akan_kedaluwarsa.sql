-- What lapses next if nobody acts, who can answer for it, and what the index loses by it.
CREATE OR REPLACE VIEW mart.bukti_akan_kedaluwarsa AS
SELECT
    latest.institusi, latest.instrumen, latest.keadaan_pada,
    expiry.scenario AS kode_skenario,
    CAST(timezone(scored.zona_waktu, expiry.changes_at) AS DATE) AS tanggal,
    expiry.changes_at AS mulai_pada,
    date_diff(
        'day',
        CAST(timezone(scored.zona_waktu, latest.keadaan_pada) AS DATE),
        CAST(timezone(scored.zona_waktu, expiry.changes_at) AS DATE)
    ) AS hari_lagi,
    coalesce(asked.owner, 'Pemilik berkas institusi') AS perangkat_daerah,
    expiry.ordinal AS urutan,
    expiry.indicator AS indikator,
    named.short_name AS nama_singkat,
    expiry.criterion AS kriteria,
    asked.text AS uraian,
    CASE expiry.event
        WHEN 'stale' THEN 'bukti tidak segar lagi'
        WHEN 'lapsed' THEN 'masa tenggang habis'
        ELSE 'keadaan yang sudah diketahui mulai berlaku'
    END AS peristiwa,
    expiry.event AS kode_peristiwa,
    expiry.answered_by AS dijawab_oleh,
    expiry.reason AS alasan,
    expiry.evidence_ids AS bukti,
    expiry.proven_change AS perubahan_terbukti,
    expiry.provisional_change AS perubahan_sementara,
    asked.remedy AS saran,
    latest.skor_id
FROM score.expiry AS expiry
JOIN mart.skor_terkini AS latest ON latest.skor_id = expiry.score_id
JOIN mart.indeks_riwayat AS scored ON scored.skor_id = expiry.score_id
LEFT JOIN score.indicator AS named
    ON named.instrument = latest.instrumen AND named.indicator = expiry.indicator
LEFT JOIN score.criterion AS asked
    ON asked.instrument = latest.instrumen AND asked.ruleset_hash = latest.sidik_aturan
    AND asked.criterion = expiry.criterion
ORDER BY latest.institusi, latest.instrumen, expiry.scenario, expiry.changes_at, expiry.ordinal;

COMMENT ON VIEW mart.bukti_akan_kedaluwarsa IS
'Bukti yang akan kedaluwarsa bila tidak ada yang bertindak, menurut perangkat daerah, dengan sisa hari dan nilai indeks yang hilang karenanya.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.keadaan_pada IS 'Saat penilaian yang menjadi awal prakiraan.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.kode_skenario IS
'sources_run: sumber tetap berjalan; all_stops: pengumpulan pun berhenti. Lihat mart.prakiraan_indeks.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.tanggal IS 'Tanggal kejadian, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.mulai_pada IS 'Saat kejadian.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.hari_lagi IS 'Sisa hari sejak tanggal penilaian, menurut zona waktu institusi.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.perangkat_daerah IS 'Peran perangkat daerah yang dapat memperbaruinya.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.urutan IS 'Urutan kejadian dalam skenario.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.nama_singkat IS 'Nama singkat indikator.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.kriteria IS 'Kode kriteria; kosong bila nilai resmi.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.uraian IS 'Bunyi kriteria.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.peristiwa IS
'Bukti tidak segar lagi (nilai terbukti turun), masa tenggang habis (nilai sementara turun), atau fakta yang mulai berlaku.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.kode_peristiwa IS 'Kode peristiwa: stale, lapsed, fact.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.dijawab_oleh IS 'Yang menjawab kriteria ini.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.alasan IS 'Alasan yang berlaku sampai saat itu, atau sejak saat itu bila fakta.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.bukti IS 'Pengenal tangkapan yang mendasarinya.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.perubahan_terbukti IS
'Perubahan indeks terbukti; jumlah semua kejadian pada satu saat sama dengan perubahan prakiraan.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.perubahan_sementara IS 'Perubahan indeks sementara, dengan cara yang sama.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.saran IS 'Apa yang memenuhi kriteria ini.';
COMMENT ON COLUMN mart.bukti_akan_kedaluwarsa.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
