-- The rulesets that dates were scored under, and which of them is in use.
CREATE OR REPLACE VIEW mart.aturan AS
WITH used AS (
    SELECT
        instrument, ruleset_hash,
        min(used_from) AS first_from,
        max(used_from) AS last_from,
        max(max(used_from)) OVER (PARTITION BY instrument) AS newest_from
    FROM score.ruleset_use
    GROUP BY instrument, ruleset_hash
),
scored AS (
    SELECT instrument, ruleset_hash, count(DISTINCT as_of) AS dates, min(as_of) AS first_as_of, max(as_of) AS last_as_of
    FROM score.run
    GROUP BY instrument, ruleset_hash
)
SELECT
    instrument AS instrumen,
    ruleset_hash AS sidik_aturan,
    used.first_from AS dipakai_sejak,
    coalesce(used.last_from = used.newest_from, FALSE) AS sedang_dipakai,
    coalesce(scored.dates, 0) AS saat_dinilai,
    scored.first_as_of AS keadaan_pertama,
    scored.last_as_of AS keadaan_terakhir
FROM used
FULL JOIN scored USING (instrument, ruleset_hash);

COMMENT ON VIEW mart.aturan IS
'Aturan penilaian yang pernah dipakai; hanya skor dengan aturan yang sama boleh dibandingkan.';
COMMENT ON COLUMN mart.aturan.instrumen IS 'Kode instrumen, misalnya spbe-2020.';
COMMENT ON COLUMN mart.aturan.sidik_aturan IS 'SHA-256 seluruh aturan penilaian.';
COMMENT ON COLUMN mart.aturan.dipakai_sejak IS 'Saat aturan ini pertama dipakai; kosong bila belum dicatat.';
COMMENT ON COLUMN mart.aturan.sedang_dipakai IS 'Benar bila aturan inilah yang dipakai sekarang.';
COMMENT ON COLUMN mart.aturan.saat_dinilai IS 'Banyaknya saat keadaan yang dinilai dengan aturan ini.';
COMMENT ON COLUMN mart.aturan.keadaan_pertama IS 'Saat keadaan paling awal yang dinilai dengan aturan ini.';
COMMENT ON COLUMN mart.aturan.keadaan_terakhir IS 'Saat keadaan paling akhir yang dinilai dengan aturan ini.';
