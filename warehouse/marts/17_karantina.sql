-- What was refused, counted by reason. The refused content itself stays in the warehouse.
CREATE OR REPLACE VIEW mart.karantina AS
SELECT
    refused.institution AS institusi,
    refused.source AS sumber,
    refused.table_name AS tabel,
    refused.reason AS alasan,
    count(*) AS jumlah,
    min(refused.place) AS contoh_tempat,
    min(refused.quarantined_at) AS pertama_pada,
    max(refused.quarantined_at) AS terakhir_pada
FROM ops.quarantine AS refused
GROUP BY refused.institution, refused.source, refused.table_name, refused.reason
ORDER BY refused.institution, refused.source, jumlah DESC, refused.reason;

COMMENT ON VIEW mart.karantina IS 'Baris dan kiriman yang ditolak, dihitung menurut alasannya; isinya tidak ditampilkan.';
COMMENT ON COLUMN mart.karantina.institusi IS 'Kode institusi.';
COMMENT ON COLUMN mart.karantina.sumber IS 'Kode sumber.';
COMMENT ON COLUMN mart.karantina.tabel IS 'Jenis data; kosong bila seluruh kiriman tidak terbaca.';
COMMENT ON COLUMN mart.karantina.alasan IS 'Alasan penolakan.';
COMMENT ON COLUMN mart.karantina.jumlah IS 'Banyaknya baris yang ditolak dengan alasan itu.';
COMMENT ON COLUMN mart.karantina.contoh_tempat IS 'Contoh letaknya di sumber: berkas, baris, kolom.';
COMMENT ON COLUMN mart.karantina.pertama_pada IS 'Saat pertama kali ditolak.';
COMMENT ON COLUMN mart.karantina.terakhir_pada IS 'Saat terakhir kali ditolak.';
