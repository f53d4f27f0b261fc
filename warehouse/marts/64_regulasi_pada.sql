-- Legal products that their source showed at the end of a day, by what had been loaded by the end of another (NULL: by
-- all that is loaded). An end that was not loaded by then is not known: the version is still open.
CREATE OR REPLACE MACRO mart.regulasi_pada(tanggal, diketahui := NULL) AS TABLE
WITH place AS (
    SELECT institution, mart.akhir_hari(tanggal, zone) AS day_end, mart.akhir_hari(diketahui, zone) AS known_end
    FROM (SELECT institution, arg_max(time_zone, valid_from) AS zone FROM core.institution GROUP BY institution)
)
SELECT
    legal.institution AS institusi,
    legal.source AS sumber,
    legal.regulation_key AS regulasi,
    legal.type_name AS jenis,
    legal.number AS nomor,
    legal.year AS tahun,
    legal.title AS judul,
    legal.status,
    legal.valid_from AS terlihat_sejak,
    CASE WHEN legal.closed_loaded_at < place.known_end THEN legal.valid_to END AS terlihat_sampai,
    legal.loaded_at AS dimuat_pada,
    CASE WHEN legal.closed_loaded_at < place.known_end THEN legal.closed_loaded_at END AS akhir_dimuat_pada,
    legal.capture_id AS tangkapan_id
FROM core.regulation AS legal
JOIN place ON place.institution = legal.institution
WHERE legal.valid_from < place.day_end
    AND legal.loaded_at < place.known_end
    AND (legal.valid_to IS NULL OR legal.valid_to >= place.day_end OR legal.closed_loaded_at >= place.known_end)
ORDER BY legal.institution, legal.year DESC, legal.type_code, legal.number, legal.source;

COMMENT ON MACRO TABLE mart.regulasi_pada IS
'Produk hukum yang tampil pada akhir hari tanggal, menurut yang sudah dimuat sampai akhir hari diketahui (kosong: semua): terlihat_sejak dan terlihat_sampai ialah keadaan, dimuat_pada dan akhir_dimuat_pada saat keduanya diketahui.';
