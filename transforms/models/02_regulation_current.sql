-- Legal products listed at $as_of, one row per institution, source and product, with the state they are in:
--   rancangan        the title or type says that it is a draft
--   dicabut          any source of the institution says so, or another product repeals it, as the title, listing
--                    or page of either says, from the day that one was made; listings often keep saying
--                    "berlaku" about a repealed product
--   lewat            the title itself ends in a year that is past ("Peta Rencana ... Tahun 2021-2025")
--   berlaku          listed as in force (also as amended)
--   tidak_diketahui  enacted, but the listing says nothing about its status
-- `listed_from`: since when a product is listed so; it was seen when its source last was (source_seen), and then at first.
-- `regulation` identifies a product over sources and titles: one listed without number, or without a type, is the
-- only one of the institution that bears the same subject.
WITH inst AS (
    -- Looking into a time zone is slow, so once for all products of an institution.
    SELECT institution, kind, time_zone, timezone(time_zone, $as_of::TIMESTAMPTZ)::DATE AS today
    FROM institution_current
),

version AS (
    SELECT *, valid_to IS NULL OR valid_to > $as_of AS is_listed
    FROM core.regulation
    JOIN inst USING (institution)
    WHERE valid_from <= $as_of
),

-- Silence takes nothing back: a page that could not be read this time does not undo the repeal it told of.
told AS (
    SELECT
        institution, source, regulation_key,
        arg_max(status, valid_from) FILTER (WHERE status != 'tidak_diketahui') AS last_status,
        arg_max(capture_id, valid_from) FILTER (WHERE status = 'dicabut') AS repeal_capture_id,
        arg_max(relations, valid_from) FILTER (WHERE relations != '[]') AS relations,
        min(valid_from) FILTER (WHERE relations != '[]') AS related_from
    FROM version
    GROUP BY institution, source, regulation_key
    HAVING bool_or(is_listed)
),

listed AS MATERIALIZED (
    SELECT
        reg.* EXCLUDE (relations, is_listed),
        told.last_status, told.repeal_capture_id, told.relations,
        timezone(reg.time_zone, told.related_from)::DATE AS related_on,
        -- "012" and "12" are one number; "188.45/96/KPTS/2021" stays itself.
        CASE WHEN starts_with(trim(reg.number), '0')
            THEN regexp_replace(lower(trim(reg.number)), '^0+([0-9])', '\1') ELSE lower(trim(reg.number))
        END AS plain_number,
        CASE WHEN contains(reg.regulation_key, '/0')
            THEN regexp_replace(reg.regulation_key, '/0+([0-9][^/]*)$', '/\1') ELSE reg.regulation_key
        END AS own_regulation,
        lower(coalesce(reg.type_name, '')) AS type_words,
        regexp_matches(reg.title_norm, '^(?:rancangan|draf|draft|konsep|naskah akademik) ')
            OR lower(coalesce(reg.type_name, '')) LIKE 'rancangan%' AS is_draft,
        CASE WHEN contains(reg.title_norm, 'tentang ') THEN regexp_replace(
            reg.title_norm,
            '^(?:tentang |(?:peraturan|keputusan|surat|instruksi|perda|perwal|perwali|perbup|pergub)\b.*? tentang )',
            ''
        ) ELSE reg.title_norm END AS subject,
        CASE
            WHEN regexp_matches(
                reg.title_norm, '^(?:peraturan|keputusan|surat|instruksi|undang|ketetapan|rancangan) '
            ) THEN reg.title
            ELSE
                coalesce(reg.type_name, CASE reg.type_code
                    WHEN 'perda' THEN 'Peraturan Daerah'
                    WHEN 'perkada' THEN 'Peraturan Kepala Daerah'
                    WHEN 'kepkada' THEN 'Keputusan Kepala Daerah'
                    WHEN 'instruksi' THEN 'Instruksi Kepala Daerah'
                    WHEN 'surat_edaran' THEN 'Surat Edaran'
                    ELSE 'Produk hukum'
                END)
                || coalesce(' Nomor ' || reg.number, '') || coalesce(' Tahun ' || reg.year, '')
                || ' tentang ' || regexp_replace(reg.title, '^(?i:tentang) +', '')
        END AS label,
        -- A period ends the title; "nomor 3 tahun 2019" at the end is the number of another product.
        CASE WHEN NOT regexp_matches(reg.title_norm, ' nomor [^ ]+ tahun [0-9]{4}$')
            THEN try_cast(nullif(regexp_extract(
                reg.title_norm,
                ' (?:tahun|periode|ta|t a)(?: anggaran)?(?: [0-9]{4})?'
                || '(?: s d| sd| sampai| sampai dengan| hingga)?(?: tahun)? ([0-9]{4})$',
                1
            ), '') AS INTEGER)
        END AS period_end,
        reg.type_code != 'lainnya' AND reg.number IS NOT NULL AND reg.year IS NOT NULL AS is_numbered
    FROM version AS reg
    JOIN told USING (institution, source, regulation_key)
    WHERE reg.is_listed
),

numbered AS (
    SELECT
        institution, subject, type_code, year, plain_number, own_regulation AS regulation
    FROM listed
    SEMI JOIN (SELECT institution FROM listed WHERE NOT is_numbered AND NOT is_draft) AS unnumbered USING (institution)
    WHERE is_numbered AND NOT is_draft
),

-- A short subject ("pajak daerah") comes again every few years; it would be the same by chance.
by_subject AS (
    SELECT
        institution, subject,
        any_value(regulation) AS regulation,
        any_value(type_code) AS type_code,
        any_value(year) AS year,
        any_value(plain_number) AS plain_number
    FROM numbered
    WHERE length(subject) >= 25
    GROUP BY institution, subject
    HAVING count(DISTINCT regulation) = 1
),

-- The residual conditions stand in a join of their own: a left join with them would compare all with all.
same AS (
    SELECT
        listed.institution, listed.source, listed.regulation_key,
        any_value(by_subject.regulation) AS regulation
    FROM listed
    JOIN by_subject USING (institution, subject)
    WHERE NOT listed.is_numbered AND NOT listed.is_draft
      AND (listed.year IS NULL OR listed.year = by_subject.year)
      AND (listed.plain_number IS NULL OR listed.plain_number = by_subject.plain_number)
      -- Books and drafts bear subjects of regulations too: they have a type name, only of no known type.
      AND (
          listed.type_code = by_subject.type_code
          OR (listed.type_code = 'lainnya' AND listed.type_name IS NULL)
      )
    GROUP BY listed.institution, listed.source, listed.regulation_key
),

identified AS MATERIALIZED (
    SELECT
        listed.*,
        coalesce(same.regulation, listed.own_regulation) AS regulation
    FROM listed
    LEFT JOIN same USING (institution, source, regulation_key)
),

stated AS MATERIALIZED (
    SELECT
        row.institution, row.regulation, row.source, row.label, row.capture_id, row.year, row.related_on,
        row.promulgated_on, row.enacted_on, row.status, row.is_draft, row.kind AS institution_kind,
        relation.kind, relation.type_code, relation.year AS other_year, relation.raw,
        regexp_replace(lower(relation.number), '^0+([0-9])', '\1') AS other_number
    FROM identified AS row,
        unnest(from_json(
            row.relations,
            '[{"kind":"VARCHAR","type_code":"VARCHAR","number":"VARCHAR","year":"INTEGER","raw":"VARCHAR"}]'
        )) AS unnested (relation)
    WHERE row.relations IS NOT NULL AND NOT row.is_draft
      AND relation.kind IN ('mencabut', 'dicabut_oleh')
      -- The number of a province's product is not that of the city's own.
      AND NOT (row.kind IN ('kota', 'kabupaten') AND regexp_matches(lower(relation.raw), '^\W*\w+ (?:gubernur|daerah provinsi)'))
),

product AS MATERIALIZED (
    SELECT
        institution, regulation,
        any_value(type_code) FILTER (WHERE type_code != 'lainnya') AS type_code,
        any_value(plain_number) AS plain_number,
        any_value(year) AS year,
        arg_max(struct_pack(label := label, capture_id := capture_id), (number IS NOT NULL, source)) AS named,
        min(coalesce(promulgated_on, enacted_on)) AS made_on
    FROM identified
    SEMI JOIN stated USING (institution)
    GROUP BY institution, regulation
),

-- Materialised before the other product is looked up: joined in one go, all products meet all of an institution.
claim AS MATERIALIZED (
    SELECT stated.*, own.made_on
    FROM stated
    JOIN product AS own ON own.institution = stated.institution AND own.regulation = stated.regulation
),

repeal AS (
    -- The repealing product says so.
    SELECT
        other.institution, other.regulation, stated.regulation AS by_regulation, stated.source,
        stated.label, stated.capture_id, stated.year,
        coalesce(stated.made_on, stated.related_on) AS repealed_on
    FROM claim AS stated
    JOIN product AS other
        ON other.institution = stated.institution
        AND other.type_code = stated.type_code
        AND other.plain_number = stated.other_number
        AND other.year = stated.other_year
    WHERE stated.kind = 'mencabut' AND stated.status != 'dicabut' AND other.regulation != stated.regulation
    UNION ALL
    -- The repealed one says so; the other need not be listed.
    SELECT
        stated.institution, stated.regulation, other.regulation AS by_regulation, stated.source,
        coalesce(other.named.label, stated.raw) AS label,
        coalesce(other.named.capture_id, stated.capture_id) AS capture_id,
        stated.other_year AS year,
        coalesce(other.made_on, stated.related_on) AS repealed_on
    FROM claim AS stated
    LEFT JOIN product AS other
        ON other.institution = stated.institution
        AND other.type_code = stated.type_code
        AND other.plain_number = stated.other_number
        AND other.year = stated.other_year
    WHERE stated.kind = 'dicabut_oleh' AND stated.regulation IS DISTINCT FROM other.regulation
),

repealed AS (
    SELECT
        repeal.institution, repeal.regulation,
        arg_max(
            struct_pack(label := repeal.label, capture_id := repeal.capture_id, day := repeal.repealed_on),
            (coalesce(repeal.year, 0), coalesce(repeal.by_regulation, ''), repeal.source)
        ) AS repealing
    FROM repeal
    JOIN (SELECT DISTINCT institution, today FROM identified) AS clock USING (institution)
    WHERE repeal.repealed_on <= clock.today
    GROUP BY repeal.institution, repeal.regulation
),

said_repealed AS (
    SELECT DISTINCT institution, regulation
    FROM identified
    WHERE last_status = 'dicabut'
)

SELECT
    row.institution, row.source, row.regulation_key, row.regulation, row.type_code, row.number, row.year,
    row.title, row.title_norm, row.label, row.detail_url, row.file_url, row.capture_id,
    row.valid_from AS listed_from, row.period_end,
    repealed.repealing.label AS repealed_by,
    coalesce(
        repealed.repealing.capture_id, CASE WHEN row.last_status = 'dicabut' THEN row.repeal_capture_id END
    ) AS repealed_by_capture_id,
    repealed.repealing.day AS repealed_on,
    CASE
        WHEN row.is_draft THEN 'rancangan'
        WHEN said.regulation IS NOT NULL OR repealed.regulation IS NOT NULL THEN 'dicabut'
        WHEN row.period_end < year(row.today) THEN 'lewat'
        WHEN row.status IN ('berlaku', 'diubah') THEN 'berlaku'
        ELSE 'tidak_diketahui'
    END AS state,
    -- Who enacted it: 'pimpinan' (the head of the institution, or a regional regulation), 'unit' (the head of
    -- a unit, enough for level 2 of I5, I6, I7 and I10 only), 'lain' (circulars, instructions, the rest).
    CASE
        WHEN row.type_code IN ('perda', 'perkada', 'kepkada') THEN 'pimpinan'
        WHEN row.type_code != 'lainnya' THEN 'lain'
        WHEN regexp_matches(
            row.type_words,
            '^(?:peraturan|keputusan) (?:sekretaris|direktur|inspektur|kepala (?:biro|pusat|bagian|kantor))'
        ) THEN 'unit'
        WHEN row.kind NOT IN ('kementerian', 'lembaga') AND regexp_matches(
            row.type_words, '^(?:peraturan|keputusan) kepala (?:dinas|badan)'
        ) THEN 'unit'
        WHEN row.kind IN ('kementerian', 'lembaga') AND regexp_matches(
            row.type_words, '^(?:peraturan|keputusan) (?:menteri|kepala|ketua|badan|lembaga|pimpinan)'
        ) THEN 'pimpinan'
        ELSE 'lain'
    END AS issuer
FROM identified AS row
LEFT JOIN said_repealed AS said ON said.institution = row.institution AND said.regulation = row.regulation
LEFT JOIN repealed ON repealed.institution = row.institution AND repealed.regulation = row.regulation
