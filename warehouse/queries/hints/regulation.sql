-- The listings that a product stood in as of the score, by its label as models/02_regulation_current.sql writes it ("...
-- berlaku"). Equality first, as in passages/regulation.sql: number and year, or none of them.
WITH named AS (
    SELECT
        *,
        CAST(nullif(regexp_extract(said, '(?i)\bnomor *:? *[^ ]+ +tahun +([0-9]{4})\b', 1), '') AS INTEGER) AS year,
        regexp_replace(
            lower(regexp_extract(said, '(?i)\bnomor *:? *([^ ]+) +tahun +[0-9]{4}\b', 1)), '^0+([0-9])', '\1'
        ) AS number
    FROM hinted
    WHERE contains(said, ' berlaku')
),

candidate AS (
    SELECT named.score_id, named.institution, named.criterion, named.as_of, named.said, product.*
    EXCLUDE (institution, number, year), product.number AS own_number, product.year AS own_year
    FROM named
    JOIN core.regulation AS product
        ON product.institution = named.institution AND product.year = named.year
        AND regexp_replace(lower(trim(product.number)), '^0+([0-9])', '\1') = named.number
    UNION ALL
    SELECT named.score_id, named.institution, named.criterion, named.as_of, named.said, product.*
    EXCLUDE (institution, number, year), product.number, product.year
    FROM named
    JOIN (
        SELECT * FROM core.regulation WHERE number IS NULL OR year IS NULL
    ) AS product ON product.institution = named.institution
    WHERE contains(named.said, regexp_replace(product.title, '^(?i:tentang) +', ''))
)

SELECT score_id, institution, criterion, capture_id
FROM candidate
WHERE valid_from <= as_of AND (valid_to IS NULL OR valid_to > as_of)
  AND starts_with(
      said,
      CASE
          WHEN regexp_matches(
              title_norm, '^(?:peraturan|keputusan|surat|instruksi|undang|ketetapan|rancangan) '
          ) THEN title
          ELSE coalesce(type_name, CASE type_code
              WHEN 'perda' THEN 'Peraturan Daerah'
              WHEN 'perkada' THEN 'Peraturan Kepala Daerah'
              WHEN 'kepkada' THEN 'Keputusan Kepala Daerah'
              WHEN 'instruksi' THEN 'Instruksi Kepala Daerah'
              WHEN 'surat_edaran' THEN 'Surat Edaran'
              ELSE 'Produk hukum'
          END)
          || coalesce(' Nomor ' || own_number, '') || coalesce(' Tahun ' || own_year, '')
          || ' tentang ' || regexp_replace(title, '^(?i:tentang) +', '')
      END || ' berlaku'
  )
