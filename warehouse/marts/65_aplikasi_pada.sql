-- Applications that their registry showed at the end of a day, by what had been loaded by the end of another (NULL: by
-- all that is loaded). An end that was not loaded by then is not known: the version is still open.
CREATE OR REPLACE MACRO mart.aplikasi_pada(tanggal, diketahui := NULL) AS TABLE
WITH place AS (
    SELECT institution, mart.akhir_hari(tanggal, zone) AS day_end, mart.akhir_hari(diketahui, zone) AS known_end
    FROM (SELECT institution, arg_max(time_zone, valid_from) AS zone FROM core.institution GROUP BY institution)
)
SELECT
    listed.institution AS institusi,
    listed.source AS sumber,
    listed.application_key AS aplikasi,
    listed.name AS nama,
    listed.agency AS perangkat_daerah,
    listed.kind AS jenis,
    listed.status,
    listed.valid_from AS terlihat_sejak,
    CASE WHEN listed.closed_loaded_at < place.known_end THEN listed.valid_to END AS terlihat_sampai,
    listed.loaded_at AS dimuat_pada,
    CASE WHEN listed.closed_loaded_at < place.known_end THEN listed.closed_loaded_at END AS akhir_dimuat_pada,
    listed.capture_id AS tangkapan_id
FROM core.application AS listed
JOIN place ON place.institution = listed.institution
WHERE listed.valid_from < place.day_end
    AND listed.loaded_at < place.known_end
    AND (listed.valid_to IS NULL OR listed.valid_to >= place.day_end OR listed.closed_loaded_at >= place.known_end)
ORDER BY listed.institution, listed.name, listed.application_key, listed.source;

COMMENT ON MACRO TABLE mart.aplikasi_pada IS
'Aplikasi yang tercatat pada akhir hari tanggal, menurut yang sudah dimuat sampai akhir hari diketahui (kosong: semua): terlihat_sejak dan terlihat_sampai ialah keadaan, dimuat_pada dan akhir_dimuat_pada saat keduanya diketahui.';
