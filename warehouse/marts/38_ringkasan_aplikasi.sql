-- One row per institution with a registry: the counts behind the other views about applications.
CREATE OR REPLACE VIEW mart.ringkasan_aplikasi AS
SELECT
    whole.institusi,
    whole.jumlah_aplikasi,
    (SELECT count(*) FROM mart.aplikasi_dipakai_bersama AS x WHERE x.institusi = whole.institusi)
        AS dipakai_bersama,
    whole.terintegrasi,
    whole.terintegrasi + whole.belum_terintegrasi AS integrasi_dicatat,
    (SELECT count(*) FROM mart.aplikasi_mati AS x WHERE x.institusi = whole.institusi) AS mati,
    (SELECT count(*) FROM mart.layanan_tak_terdaftar AS x WHERE x.institusi = whole.institusi)
        AS layanan_tak_terdaftar,
    (SELECT count(*) FROM mart.aplikasi_ganda AS x WHERE x.institusi = whole.institusi) AS kandidat_ganda,
    (SELECT count(*) FROM mart.aplikasi_setelah_moratorium AS x WHERE x.institusi = whole.institusi)
        AS setelah_moratorium,
    inst.moratorium_from AS moratorium_sejak
FROM mart.integrasi_aplikasi AS whole
LEFT JOIN core.institution AS inst ON inst.institution = whole.institusi AND inst.valid_to IS NULL
WHERE whole.seluruhnya
ORDER BY whole.institusi;

COMMENT ON VIEW mart.ringkasan_aplikasi IS 'Ringkasan penyederhanaan aplikasi, satu baris per institusi yang registrinya terbaca.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.jumlah_aplikasi IS 'Banyaknya aplikasi dengan nama berbeda, tanpa yang tidak aktif.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.dipakai_bersama IS 'Banyaknya aplikasi yang dicatat beberapa perangkat daerah.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.terintegrasi IS 'Banyaknya aplikasi yang tercatat terintegrasi.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.integrasi_dicatat IS 'Banyaknya aplikasi yang integrasinya dicatat, sudah atau belum.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.mati IS 'Banyaknya aplikasi tercatat yang layanannya mati.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.layanan_tak_terdaftar IS 'Banyaknya layanan hidup yang tidak ada dalam registri.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.kandidat_ganda IS 'Banyaknya pasangan aplikasi yang mungkin tumpang tindih.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.setelah_moratorium IS 'Banyaknya aplikasi yang mulai atau pertama tercatat sejak moratorium.';
COMMENT ON COLUMN mart.ringkasan_aplikasi.moratorium_sejak IS 'Hari pertama moratorium menurut berkas institusi; kosong bila tidak ada.';
