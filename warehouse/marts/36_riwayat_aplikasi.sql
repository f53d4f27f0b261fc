-- What happened to every application: at each moment a run opened or closed a version of it. Versions are compared
-- one with one; where a registry lists a key twice at once, the first by hash stands for it.
CREATE OR REPLACE VIEW mart.riwayat_aplikasi AS
WITH first_run AS (
    SELECT institution, source, min(observed_at) AS first_ok_at
    FROM core.observation
    WHERE is_ok
    GROUP BY institution, source
),
moment AS (
    -- One load opens and closes what changed at a moment.
    SELECT seen.institution, seen.source, seen.application_key, seen.at, max(seen.known_at) AS known_at
    FROM (
        SELECT institution, source, application_key, valid_from AS at, loaded_at AS known_at FROM core.application
        UNION ALL
        SELECT institution, source, application_key, valid_to, closed_loaded_at
        FROM core.application
        WHERE valid_to IS NOT NULL
    ) AS seen
    GROUP BY seen.institution, seen.source, seen.application_key, seen.at
),
around AS (
    SELECT
        moment.institution, moment.source, moment.application_key, moment.at, moment.known_at,
        arg_min(app, app.row_hash) FILTER (WHERE app.valid_from < moment.at AND coalesce(app.valid_to >= moment.at, TRUE))
            AS before,
        arg_min(app, app.row_hash) FILTER (WHERE app.valid_from <= moment.at AND coalesce(app.valid_to > moment.at, TRUE))
            AS after,
        coalesce(bool_or(app.valid_to < moment.at), FALSE) AS is_again
    FROM moment
    JOIN core.application AS app USING (institution, source, application_key)
    GROUP BY moment.institution, moment.source, moment.application_key, moment.at, moment.known_at
)
SELECT
    around.institution AS institusi,
    around.source AS sumber,
    around.application_key AS aplikasi,
    coalesce(around.after.name, around.before.name) AS nama,
    coalesce(around.after.agency, around.before.agency) AS perangkat_daerah,
    around.at AS pada,
    around.known_at AS diketahui_pada,
    CASE
        WHEN around.after IS NULL THEN 'tidak lagi tercatat'
        WHEN around.before IS NULL AND around.is_again THEN 'tercatat kembali'
        WHEN around.before IS NULL AND around.at <= first_run.first_ok_at THEN 'tercatat sejak awal'
        WHEN around.before IS NULL THEN 'muncul'
        WHEN around.before.status != 'tidak_aktif' AND around.after.status = 'tidak_aktif' THEN 'dinonaktifkan'
        WHEN around.before.status = 'tidak_aktif' AND around.after.status = 'aktif' THEN 'diaktifkan kembali'
        ELSE 'berubah'
    END AS kejadian,
    CASE WHEN around.before IS NOT NULL AND around.after IS NOT NULL THEN concat_ws(
        '; ',
        CASE WHEN around.before.name IS DISTINCT FROM around.after.name THEN 'nama' END,
        CASE WHEN around.before.agency IS DISTINCT FROM around.after.agency THEN 'perangkat daerah' END,
        CASE WHEN around.before.description IS DISTINCT FROM around.after.description THEN 'uraian' END,
        CASE WHEN around.before.url IS DISTINCT FROM around.after.url THEN 'alamat' END,
        CASE WHEN around.before.kind IS DISTINCT FROM around.after.kind
            THEN 'jenis: ' || around.before.kind || ' menjadi ' || around.after.kind END,
        CASE WHEN around.before.status IS DISTINCT FROM around.after.status
            THEN 'status: ' || around.before.status || ' menjadi ' || around.after.status END,
        CASE WHEN around.before.is_integrated IS DISTINCT FROM around.after.is_integrated THEN 'integrasi' END,
        CASE WHEN around.before.started_on IS DISTINCT FROM around.after.started_on THEN 'tanggal mulai' END
    ) END AS yang_berubah,
    coalesce(around.after.capture_id, around.before.capture_id) AS tangkapan_id
FROM around
LEFT JOIN first_run USING (institution, source)
WHERE around.before IS DISTINCT FROM around.after
ORDER BY around.institution, around.at, around.application_key, around.source;

COMMENT ON VIEW mart.riwayat_aplikasi IS
'Riwayat setiap aplikasi dalam registri: kapan muncul, berubah, dinonaktifkan, atau tidak lagi tercatat.';
COMMENT ON COLUMN mart.riwayat_aplikasi.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.riwayat_aplikasi.sumber IS 'Kode sumber registri.';
COMMENT ON COLUMN mart.riwayat_aplikasi.aplikasi IS 'Pengenal aplikasi: perangkat daerah/nama.';
COMMENT ON COLUMN mart.riwayat_aplikasi.nama IS 'Nama aplikasi.';
COMMENT ON COLUMN mart.riwayat_aplikasi.perangkat_daerah IS 'Perangkat daerah menurut registri.';
COMMENT ON COLUMN mart.riwayat_aplikasi.pada IS 'Saat registri ditangkap dengan keadaan itu.';
COMMENT ON COLUMN mart.riwayat_aplikasi.diketahui_pada IS 'Saat tangkapan itu dimuat: sejak saat itu diketahui di sini.';
COMMENT ON COLUMN mart.riwayat_aplikasi.kejadian IS
'tercatat sejak awal (pada pengumpulan pertama), muncul, berubah, dinonaktifkan, diaktifkan kembali, tidak lagi tercatat, tercatat kembali.';
COMMENT ON COLUMN mart.riwayat_aplikasi.yang_berubah IS 'Apa yang berubah; kosong selain pada perubahan.';
COMMENT ON COLUMN mart.riwayat_aplikasi.tangkapan_id IS 'Pengenal tangkapan yang memuat keadaan sesudahnya, atau yang terakhir memuatnya.';
