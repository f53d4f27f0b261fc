-- Data sets that the last complete run of their catalogue still showed, with formats and age. Open formats are
-- those of the facts that scoring rests on (transforms/models/08_dataset_current.sql). Age is counted to the last run
-- that read the catalogue.
CREATE OR REPLACE VIEW mart.data_terbuka AS
WITH seen AS (
    SELECT institution, source, max(observed_at) AS last_ok_at
    FROM core.observation
    WHERE is_ok
    GROUP BY institution, source
)
SELECT
    listed.institution AS institusi,
    listed.source AS sumber,
    listed.dataset_key AS himpunan_data,
    coalesce(listed.title, listed.name) AS judul,
    listed.organisation AS penyelenggara,
    listed.formats AS format,
    listed.resource_count > 0 AND regexp_matches(
        listed.formats,
        '(?:^|,)(?:csv|tsv|json|geojson|xml|ods|kml|gml|rdf|jsonld|parquet|text/csv|application/json)(?:,|$)'
    ) AS format_terbuka,
    listed.resource_count AS berkas,
    listed.licence AS lisensi,
    listed.is_described AS berdeskripsi,
    listed.modified_at AS diubah_pada,
    date_diff('day', listed.modified_at, seen.last_ok_at) AS umur_hari,
    CASE
        WHEN listed.modified_at IS NULL THEN 'tidak diketahui'
        WHEN listed.modified_at > seen.last_ok_at - INTERVAL 1 YEAR THEN 'mutakhir'
        WHEN listed.modified_at > seen.last_ok_at - INTERVAL 2 YEAR THEN 'lama'
        ELSE 'terbengkalai'
    END AS kemutakhiran,
    seen.last_ok_at AS dilihat_pada,
    listed.valid_from AS terlihat_sejak,
    listed.loaded_at AS dimuat_pada,
    listed.capture_id AS tangkapan_id
FROM core.dataset AS listed
LEFT JOIN seen ON seen.institution = listed.institution AND seen.source = listed.source
WHERE listed.valid_to IS NULL
ORDER BY listed.institution, listed.modified_at DESC NULLS LAST, listed.dataset_key;

COMMENT ON VIEW mart.data_terbuka IS
'Himpunan data yang masih ada dalam katalog data terbuka pada pengumpulan terakhirnya, dengan format dan kemutakhirannya.';
COMMENT ON COLUMN mart.data_terbuka.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.data_terbuka.sumber IS 'Kode sumber.';
COMMENT ON COLUMN mart.data_terbuka.himpunan_data IS 'Pengenal himpunan data dalam katalog.';
COMMENT ON COLUMN mart.data_terbuka.judul IS 'Judul himpunan data.';
COMMENT ON COLUMN mart.data_terbuka.penyelenggara IS 'Organisasi yang menerbitkan, menurut katalog.';
COMMENT ON COLUMN mart.data_terbuka.format IS 'Format berkas-berkasnya menurut katalog, dipisah koma.';
COMMENT ON COLUMN mart.data_terbuka.format_terbuka IS
'Benar bila sekurang-kurangnya satu berkas berformat terbuka (CSV, JSON, XML, GeoJSON dan sejenisnya).';
COMMENT ON COLUMN mart.data_terbuka.berkas IS 'Banyaknya berkas.';
COMMENT ON COLUMN mart.data_terbuka.lisensi IS 'Lisensi menurut katalog.';
COMMENT ON COLUMN mart.data_terbuka.berdeskripsi IS 'Benar bila ada uraiannya.';
COMMENT ON COLUMN mart.data_terbuka.diubah_pada IS 'Saat terakhir diubah menurut katalog.';
COMMENT ON COLUMN mart.data_terbuka.umur_hari IS 'Hari sejak terakhir diubah sampai katalog terakhir berhasil dibaca.';
COMMENT ON COLUMN mart.data_terbuka.kemutakhiran IS
'Menurut umur itu: mutakhir (sampai setahun), lama (sampai dua tahun), terbengkalai (lebih), tidak diketahui.';
COMMENT ON COLUMN mart.data_terbuka.dilihat_pada IS 'Saat katalog terakhir berhasil dibaca.';
COMMENT ON COLUMN mart.data_terbuka.terlihat_sejak IS 'Saat versi ini pertama kali ditangkap.';
COMMENT ON COLUMN mart.data_terbuka.dimuat_pada IS 'Saat versi ini dimuat: sejak saat itu diketahui di sini.';
COMMENT ON COLUMN mart.data_terbuka.tangkapan_id IS 'Pengenal tangkapan yang pertama memuatnya.';
