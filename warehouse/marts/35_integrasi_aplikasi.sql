-- How many applications the registry records as integrated, in all and per perangkat daerah. An application that
-- several entries of the same name list counts once, and as integrated where one of them says so. Retired ones
-- do not count. The share is of those about which the registry says anything.
CREATE OR REPLACE VIEW mart.integrasi_aplikasi AS
WITH listed AS (
    SELECT
        institusi, perangkat_daerah, terintegrasi,
        trim(regexp_replace(lower(nama), '[^a-z0-9]+', ' ', 'g')) AS nama_biasa
    FROM mart.aplikasi_terkini
    WHERE status != 'tidak_aktif'
),
told AS (
    SELECT
        institusi, TRUE AS seluruhnya, NULL AS perangkat_daerah, nama_biasa, count(*) AS catatan,
        bool_or(terintegrasi) AS terintegrasi
    FROM listed
    GROUP BY institusi, nama_biasa
    UNION ALL
    SELECT institusi, FALSE, perangkat_daerah, nama_biasa, count(*), bool_or(terintegrasi)
    FROM listed
    GROUP BY institusi, perangkat_daerah, nama_biasa
)
SELECT
    institusi,
    seluruhnya,
    CASE WHEN seluruhnya THEN 'seluruh perangkat daerah' ELSE coalesce(perangkat_daerah, 'tidak disebut') END
        AS perangkat_daerah,
    CAST(sum(catatan) AS BIGINT) AS jumlah_catatan,
    count(*) AS jumlah_aplikasi,
    count(*) FILTER (WHERE terintegrasi) AS terintegrasi,
    count(*) FILTER (WHERE NOT terintegrasi) AS belum_terintegrasi,
    count(*) FILTER (WHERE terintegrasi IS NULL) AS tidak_dicatat,
    CAST(round(100.0 * count(*) FILTER (WHERE terintegrasi) / nullif(count(terintegrasi), 0), 2) AS DECIMAL(5, 2))
        AS terintegrasi_persen
FROM told
GROUP BY institusi, seluruhnya, perangkat_daerah
ORDER BY institusi, seluruhnya DESC, perangkat_daerah;

COMMENT ON VIEW mart.integrasi_aplikasi IS
'Bagian aplikasi yang menurut registri terintegrasi, seluruhnya dan per perangkat daerah. Yang dinyatakan tidak aktif tidak dihitung; nama yang sama dihitung satu kali.';
COMMENT ON COLUMN mart.integrasi_aplikasi.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.integrasi_aplikasi.seluruhnya IS 'Benar untuk baris jumlah seluruh perangkat daerah.';
COMMENT ON COLUMN mart.integrasi_aplikasi.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.integrasi_aplikasi.jumlah_catatan IS 'Banyaknya baris registri.';
COMMENT ON COLUMN mart.integrasi_aplikasi.jumlah_aplikasi IS 'Banyaknya aplikasi dengan nama berbeda.';
COMMENT ON COLUMN mart.integrasi_aplikasi.terintegrasi IS 'Banyaknya aplikasi yang tercatat terintegrasi.';
COMMENT ON COLUMN mart.integrasi_aplikasi.belum_terintegrasi IS 'Banyaknya aplikasi yang tercatat belum terintegrasi.';
COMMENT ON COLUMN mart.integrasi_aplikasi.tidak_dicatat IS 'Banyaknya aplikasi yang integrasinya tidak dicatat.';
COMMENT ON COLUMN mart.integrasi_aplikasi.terintegrasi_persen IS
'Persen terintegrasi dari yang integrasinya dicatat; kosong bila tidak satu pun dicatat.';
