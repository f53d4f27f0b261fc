-- The captures that hints of the latest scores rest on; gathered when the copy is published.
CREATE OR REPLACE VIEW mart.bukti_petunjuk AS
SELECT
    finding.institusi, finding.instrumen, finding.keadaan_pada,
    finding.kriteria, finding.indikator, finding.petunjuk,
    capture.source AS sumber,
    capture.url AS url,
    capture.captured_at AS ditangkap_pada,
    replace(capture.digest, 'sha256:', '') AS sidik_sha256,
    capture.status AS status_http,
    capture.warc_file AS berkas_warc,
    capture.warc_offset AS letak_warc,
    capture.capture_id AS tangkapan_id,
    finding.skor_id
FROM mart.temuan_terkini AS finding
JOIN score.hint_evidence AS cited ON cited.score_id = finding.skor_id AND cited.criterion = finding.kriteria
JOIN core.capture AS capture ON capture.capture_id = cited.capture_id
ORDER BY finding.institusi, finding.instrumen, finding.urutan, capture.captured_at, capture.capture_id;

COMMENT ON VIEW mart.bukti_petunjuk IS
'Tangkapan yang mendasari tiap petunjuk terkini: dari petunjuk ke alamat, waktu, dan sidik jari. Petunjuk tidak mengubah nilai.';
COMMENT ON COLUMN mart.bukti_petunjuk.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.bukti_petunjuk.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.bukti_petunjuk.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.bukti_petunjuk.kriteria IS 'Kode kriteria yang disertai petunjuk ini.';
COMMENT ON COLUMN mart.bukti_petunjuk.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.bukti_petunjuk.petunjuk IS
'Petunjuk dari bukti terbuka yang belum cukup sebagai bukti; tidak mengubah keadaan.';
COMMENT ON COLUMN mart.bukti_petunjuk.sumber IS 'Kode sumber yang ditangkap.';
COMMENT ON COLUMN mart.bukti_petunjuk.url IS 'Alamat yang ditangkap; file: untuk berkas yang diserahkan.';
COMMENT ON COLUMN mart.bukti_petunjuk.ditangkap_pada IS 'Saat penangkapan.';
COMMENT ON COLUMN mart.bukti_petunjuk.sidik_sha256 IS 'Sidik SHA-256 (heksadesimal) dari isi yang diarsipkan.';
COMMENT ON COLUMN mart.bukti_petunjuk.status_http IS 'Status HTTP; kosong untuk berkas dan hasil pemeriksaan layanan.';
COMMENT ON COLUMN mart.bukti_petunjuk.berkas_warc IS 'Berkas WARC di dalam arsip.';
COMMENT ON COLUMN mart.bukti_petunjuk.letak_warc IS 'Letak rekaman di dalam berkas WARC, bita dari awal.';
COMMENT ON COLUMN mart.bukti_petunjuk.tangkapan_id IS 'Pengenal tangkapan (WARC-Record-ID); pantau evidence membuka isinya.';
COMMENT ON COLUMN mart.bukti_petunjuk.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
