-- Which indicators of spbe-2020 an indicator of another instrument carries on, and where both stand. A mapping of
-- practitioners, not an official one: levels do not carry over, only evidence may.
CREATE OR REPLACE VIEW mart.padanan_instrumen AS
WITH standing AS (
    SELECT institusi, instrumen, nomor, nama_singkat, nilai_sementara, tingkat, keadaan_pada
    FROM mart.indikator_terkini
)
SELECT
    target.institusi,
    target.instrumen,
    mapped.ordinal AS urutan,
    target.nomor AS indikator,
    target.nama_singkat,
    target.nilai_sementara,
    target.tingkat,
    mapped.status AS kode_padanan,
    CASE mapped.status
        WHEN 'reuse' THEN 'bukti dapat dipakai lagi'
        WHEN 'update' THEN 'bukti perlu diperbarui'
        ELSE 'indikator baru'
    END AS padanan,
    mapped.from_instrument AS instrumen_asal,
    origin.number AS indikator_asal,
    earlier.nama_singkat AS nama_asal,
    earlier.tingkat AS tingkat_asal,
    mapped.note AS catatan,
    TRUE AS tidak_resmi
FROM standing AS target
JOIN score.crosswalk AS mapped ON mapped.instrument = target.instrumen AND mapped.indicator = target.nomor
LEFT JOIN (
    SELECT instrument, indicator, unnest(from_indicators) AS number FROM score.crosswalk
) AS origin ON origin.instrument = mapped.instrument AND origin.indicator = mapped.indicator
LEFT JOIN standing AS earlier
    ON earlier.institusi = target.institusi
    AND earlier.instrumen = mapped.from_instrument
    AND earlier.nomor = origin.number
ORDER BY target.institusi, target.instrumen, mapped.ordinal, length(origin.number), origin.number;

COMMENT ON VIEW mart.padanan_instrumen IS
'Padanan indikator antarinstrumen menurut pemetaan praktisi: tidak resmi. Bukti dapat dipakai lagi, nilai tidak terbawa. Satu baris per pasangan; indikator baru satu baris tanpa asal.';
COMMENT ON COLUMN mart.padanan_instrumen.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.padanan_instrumen.instrumen IS 'Kode instrumen yang meneruskan, misalnya pemdi-2026.';
COMMENT ON COLUMN mart.padanan_instrumen.urutan IS 'Urutan indikator dalam instrumen itu.';
COMMENT ON COLUMN mart.padanan_instrumen.indikator IS 'Nomor indikator dalam instrumen itu.';
COMMENT ON COLUMN mart.padanan_instrumen.nama_singkat IS 'Nama singkat indikator itu.';
COMMENT ON COLUMN mart.padanan_instrumen.nilai_sementara IS 'Nilai sementara indikator itu sekarang; dua desimal.';
COMMENT ON COLUMN mart.padanan_instrumen.tingkat IS 'Tingkat tertinggi yang tercapai penuh olehnya, 0 sampai 5.';
COMMENT ON COLUMN mart.padanan_instrumen.kode_padanan IS 'reuse, update atau baru.';
COMMENT ON COLUMN mart.padanan_instrumen.padanan IS 'Arti kode itu: apa yang terbawa dari instrumen asal.';
COMMENT ON COLUMN mart.padanan_instrumen.instrumen_asal IS 'Kode instrumen asal: spbe-2020.';
COMMENT ON COLUMN mart.padanan_instrumen.indikator_asal IS 'Nomor indikator asal; kosong bila indikator baru.';
COMMENT ON COLUMN mart.padanan_instrumen.nama_asal IS 'Nama singkat indikator asal; kosong bila instrumen asal tidak dinilai.';
COMMENT ON COLUMN mart.padanan_instrumen.tingkat_asal IS 'Tingkat sementara indikator asal sekarang; kosong bila tidak dinilai.';
COMMENT ON COLUMN mart.padanan_instrumen.catatan IS 'Catatan pemetaan, misalnya bahwa hanya sebagian yang terbawa.';
COMMENT ON COLUMN mart.padanan_instrumen.tidak_resmi IS 'Selalu benar: pemetaan ini dari praktisi, bukan dari KemenPANRB.';
