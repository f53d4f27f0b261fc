-- Every criterion of the latest scores with each capture that it or its hint rests on, and the words in it that decided;
-- one row without evidence where there is none. The words are gathered when the copy is published.
CREATE OR REPLACE VIEW mart.penjelasan_kriteria AS
WITH quoted AS (
    SELECT score_id, criterion, capture_id, string_agg(
        -- As PassageView.quote says it.
        CASE WHEN kind IN ('regulation', 'application', 'dataset') AND contains(words, subject) THEN words
            ELSE subject || ': ' || words END,
        E'\n' ORDER BY ordinal
    ) AS words
    FROM score.passage
    GROUP BY score_id, criterion, capture_id
),

proof AS (
    SELECT 'bukti' AS sebagai, * FROM mart.bukti_terkini
    UNION ALL BY NAME
    SELECT 'petunjuk' AS sebagai, * EXCLUDE (petunjuk) FROM mart.bukti_petunjuk
)
SELECT
    finding.institusi, finding.instrumen, finding.keadaan_pada, finding.urutan, finding.indikator, finding.kriteria,
    finding.tingkat, finding.uraian, finding.keadaan, finding.alasan, finding.petunjuk, finding.dijawab_oleh,
    finding.pemilik, finding.saran,
    finding.diamati_pada, finding.kedaluwarsa_pada,
    proof.sebagai, proof.sumber, proof.url, proof.ditangkap_pada AS waktu, proof.sidik_sha256 AS sidik_jari,
    quoted.words AS kutipan,
    proof.berkas_warc, proof.letak_warc, proof.tangkapan_id,
    finding.skor_id
FROM mart.temuan_terkini AS finding
LEFT JOIN proof ON proof.skor_id = finding.skor_id AND proof.kriteria = finding.kriteria
LEFT JOIN quoted
    ON quoted.score_id = finding.skor_id AND quoted.criterion = finding.kriteria
    AND quoted.capture_id = proof.tangkapan_id AND proof.sebagai = 'bukti'
ORDER BY finding.institusi, finding.instrumen, finding.urutan, proof.sebagai, proof.ditangkap_pada, proof.tangkapan_id;

COMMENT ON VIEW mart.penjelasan_kriteria IS
'Setiap kriteria pada tanggal terakhir yang dinilai dengan tiap buktinya: alamat, waktu, sidik jari dan kutipan yang menentukan. Tanpa bukti: satu baris dengan kolom bukti kosong.';
COMMENT ON COLUMN mart.penjelasan_kriteria.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.penjelasan_kriteria.instrumen IS 'Kode instrumen, misalnya spbe-2020 atau pemdi-2026.';
COMMENT ON COLUMN mart.penjelasan_kriteria.keadaan_pada IS 'Saat yang dinilai: hanya bukti sampai saat ini yang dihitung.';
COMMENT ON COLUMN mart.penjelasan_kriteria.urutan IS 'Urutan kriteria dalam instrumen.';
COMMENT ON COLUMN mart.penjelasan_kriteria.indikator IS 'Nomor indikator.';
COMMENT ON COLUMN mart.penjelasan_kriteria.kriteria IS 'Kode kriteria, misalnya I13.4.b: indikator 13, tingkat 4, butir b.';
COMMENT ON COLUMN mart.penjelasan_kriteria.tingkat IS 'Tingkat kematangan yang meminta kriteria ini, 1 sampai 5.';
COMMENT ON COLUMN mart.penjelasan_kriteria.uraian IS 'Bunyi ringkas kriteria.';
COMMENT ON COLUMN mart.penjelasan_kriteria.keadaan IS
'Keadaan: terpenuhi, tidak terpenuhi, belum diketahui, basi (bukti kedaluwarsa), galat (pemeriksaan gagal).';
COMMENT ON COLUMN mart.penjelasan_kriteria.alasan IS 'Mengapa keadaannya demikian.';
COMMENT ON COLUMN mart.penjelasan_kriteria.petunjuk IS
'Petunjuk dari bukti terbuka yang belum cukup sebagai bukti; tidak mengubah keadaan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.dijawab_oleh IS 'Pemeriksaan atau atestasi yang menjawab; kosong bila belum terjawab.';
COMMENT ON COLUMN mart.penjelasan_kriteria.pemilik IS 'Perangkat daerah yang dapat menjawab.';
COMMENT ON COLUMN mart.penjelasan_kriteria.saran IS 'Apa yang membuat kriteria ini terpenuhi.';
COMMENT ON COLUMN mart.penjelasan_kriteria.diamati_pada IS 'Saat bukti yang menentukan terakhir diamati.';
COMMENT ON COLUMN mart.penjelasan_kriteria.kedaluwarsa_pada IS 'Saat bukti itu menjadi basi.';
COMMENT ON COLUMN mart.penjelasan_kriteria.sebagai IS
'bukti: menentukan keadaan; petunjuk: hanya mendasari petunjuk. Kosong bila tidak ada tangkapan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.sumber IS 'Kode sumber yang ditangkap.';
COMMENT ON COLUMN mart.penjelasan_kriteria.url IS 'Alamat yang ditangkap; file: untuk berkas yang diserahkan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.waktu IS 'Saat penangkapan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.sidik_jari IS 'Sidik SHA-256 (heksadesimal) dari isi yang diarsipkan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.kutipan IS
'Kata-kata dalam bukti itu yang menentukan, satu baris tiap kutipan, paling banyak tiga; data pribadi disamarkan.';
COMMENT ON COLUMN mart.penjelasan_kriteria.berkas_warc IS 'Berkas WARC di dalam arsip.';
COMMENT ON COLUMN mart.penjelasan_kriteria.letak_warc IS 'Letak rekaman di dalam berkas WARC, bita dari awal.';
COMMENT ON COLUMN mart.penjelasan_kriteria.tangkapan_id IS 'Pengenal tangkapan; pantau evidence membuka isinya.';
COMMENT ON COLUMN mart.penjelasan_kriteria.skor_id IS 'Pengenal satu penilaian; sama di semua tampilan.';
