-- Legal products listed at $as_of, one row per institution, source and product, with the state they are in:
--   rancangan        the title or type says that it is a draft
--   dicabut          any source of the institution says so, or the title of a later product repeals it by
--                    number and year; listings often keep saying "berlaku" about a repealed product
--   lewat            the title itself ends in a year that is past ("Peta Rencana ... Tahun 2021-2025")
--   berlaku          listed as in force (also as amended)
--   tidak_diketahui  enacted, but the listing says nothing about its status
WITH listed AS (
    SELECT
        reg.*, inst.kind,
        year(timezone(inst.time_zone, $as_of::TIMESTAMPTZ)) AS this_year,
        coalesce(seen.last_ok_at, reg.valid_from) AS observed_at,
        -- "012" and "12" are one number; "188.45/96/KPTS/2021" stays itself.
        regexp_replace(lower(trim(reg.number)), '^0+([0-9])', '\1') AS plain_number,
        lower(coalesce(reg.type_name, '')) AS type_words,
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
        -- What this product repeals: only the first one named after "pencabutan (atas)", as those after it
        -- are what the repealed one had amended.
        CASE regexp_extract(
            reg.title_norm, '\bpencabutan (?:atas )?(peraturan daerah|peraturan|keputusan)\b', 1
        )
            WHEN 'peraturan daerah' THEN 'perda'
            WHEN 'peraturan' THEN 'perkada'
            WHEN 'keputusan' THEN 'kepkada'
        END AS repeals_type,
        regexp_extract(
            reg.title_norm,
            '\bpencabutan (?:atas )?(?:peraturan|keputusan)(?: [a-z]+){1,5} (?:nomor|no) 0*([0-9a-z]+)\b',
            1
        ) AS repeals_number,
        try_cast(nullif(regexp_extract(
            reg.title_norm,
            '\bpencabutan (?:atas )?(?:peraturan|keputusan)(?: [a-z]+){1,5} (?:nomor|no) [0-9a-z]+'
            || '(?: [a-z0-9]+){0,4}? tahun ([0-9]{4})',
            1
        ), '') AS INTEGER) AS repeals_year
    FROM core.regulation AS reg
    JOIN institution_current AS inst USING (institution)
    LEFT JOIN source_seen AS seen USING (institution, source)
    WHERE reg.valid_from <= $as_of AND (reg.valid_to IS NULL OR reg.valid_to > $as_of)
),

said_repealed AS (
    SELECT DISTINCT institution, regulation_key
    FROM listed
    WHERE status = 'dicabut'
),

repealed_by_title AS (
    SELECT
        target.institution, target.regulation_key,
        arg_max(
            struct_pack(label := repealing.label, capture_id := repealing.capture_id),
            (repealing.year, repealing.regulation_key, repealing.source)
        ) AS repealing
    FROM listed AS repealing
    JOIN listed AS target
        ON target.institution = repealing.institution
        AND target.type_code = repealing.repeals_type
        AND target.plain_number = repealing.repeals_number
        AND target.year = repealing.repeals_year
    WHERE repealing.status != 'dicabut' AND NOT regexp_matches(repealing.title_norm, '^rancangan ')
    GROUP BY target.institution, target.regulation_key
)

SELECT
    listed.institution, listed.source, listed.regulation_key, listed.type_code, listed.number, listed.year,
    listed.title, listed.title_norm, listed.label, listed.detail_url, listed.file_url, listed.capture_id,
    listed.observed_at, listed.period_end,
    by_title.repealing.label AS repealed_by,
    by_title.repealing.capture_id AS repealed_by_capture_id,
    CASE
        WHEN regexp_matches(listed.title_norm, '^(?:rancangan|draf|draft|konsep|naskah akademik) ')
            OR listed.type_words LIKE 'rancangan%' THEN 'rancangan'
        WHEN said.regulation_key IS NOT NULL OR by_title.regulation_key IS NOT NULL THEN 'dicabut'
        WHEN listed.period_end < listed.this_year THEN 'lewat'
        WHEN listed.status IN ('berlaku', 'diubah') THEN 'berlaku'
        ELSE 'tidak_diketahui'
    END AS state,
    -- Who enacted it: 'pimpinan' (the head of the institution, or a regional regulation), 'unit' (the head of
    -- a unit, enough for level 2 of I5, I6, I7 and I10 only), 'lain' (circulars, instructions, the rest).
    CASE
        WHEN listed.type_code IN ('perda', 'perkada', 'kepkada') THEN 'pimpinan'
        WHEN listed.type_code != 'lainnya' THEN 'lain'
        WHEN regexp_matches(
            listed.type_words,
            '^(?:peraturan|keputusan) (?:sekretaris|direktur|inspektur|kepala (?:biro|pusat|bagian|kantor))'
        ) THEN 'unit'
        WHEN listed.kind NOT IN ('kementerian', 'lembaga') AND regexp_matches(
            listed.type_words, '^(?:peraturan|keputusan) kepala (?:dinas|badan)'
        ) THEN 'unit'
        WHEN listed.kind IN ('kementerian', 'lembaga') AND regexp_matches(
            listed.type_words, '^(?:peraturan|keputusan) (?:menteri|kepala|ketua|badan|lembaga|pimpinan)'
        ) THEN 'pimpinan'
        ELSE 'lain'
    END AS issuer
FROM listed
LEFT JOIN said_repealed AS said USING (institution, regulation_key)
LEFT JOIN repealed_by_title AS by_title USING (institution, regulation_key)
