-- Legal products that a reason names, by number and year ("Nomor 12 Tahun 2021", "12/2021") or else by title; of a
-- whole listing the first. Equality first: a listing of a million products is one capture.
WITH mention AS (
    SELECT DISTINCT
        score_id, criterion, capture_id,
        regexp_replace(regexp_extract(found, '^(?:nomor *:? *)?([^ ]+?)(?: +tahun +|/)[0-9]{4}$', 1), '^0+([0-9])', '\1')
            AS number,
        CAST(right(found, 4) AS INTEGER) AS year
    FROM (
        SELECT *, unnest(
            regexp_extract_all(lower(reason), 'nomor *:? *[^ ]+ +tahun +[0-9]{4}\b')
            || regexp_extract_all(reason, '\b[0-9]+/[0-9]{4}\b')
        ) AS found
        FROM cited_evidence
    )
),

legal AS (
    SELECT mention.score_id, mention.criterion, product.*
    FROM mention
    JOIN core.regulation AS product
        ON product.capture_id = mention.capture_id AND product.year = mention.year
        AND regexp_replace(lower(trim(product.number)), '^0+([0-9])', '\1') = mention.number
    UNION
    SELECT cited.score_id, cited.criterion, product.*
    FROM cited_evidence AS cited
    JOIN (
        SELECT * FROM core.regulation WHERE number IS NULL OR year IS NULL
    ) AS product ON product.capture_id = cited.capture_id
    WHERE contains(lower(cited.reason), lower(product.title))
    UNION
    SELECT cited.score_id, cited.criterion, product.*
    FROM (SELECT * FROM cited_evidence WHERE answered_by = 'probe listing_downloadable') AS cited
    JOIN core.regulation AS product ON product.capture_id = cited.capture_id
    WHERE product.file_url IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY cited.score_id, cited.criterion, cited.capture_id
        ORDER BY product.year DESC, product.regulation_key, product.valid_from DESC
    ) <= 3
)

SELECT
    cited.score_id, cited.institution, cited.criterion, cited.capture_id, 'regulation' AS kind,
    CASE
        WHEN regexp_matches(legal.title_norm, '^(?:peraturan|keputusan|surat|instruksi|undang|ketetapan) ') THEN legal.title
        ELSE concat_ws(
            ' ', coalesce(legal.type_name, 'Produk hukum'), 'Nomor ' || legal.number, 'Tahun ' || legal.year,
            'tentang ' || regexp_replace(legal.title, '^(?i:tentang) +', '')
        )
    END AS subject,
    CASE WHEN legal.status != 'tidak_diketahui' THEN coalesce(legal.status_raw, legal.status) END AS status,
    coalesce(legal.enacted_on, legal.promulgated_on) AS dated,
    NULL::TIMESTAMPTZ AS happened_at,
    coalesce(legal.detail_url, legal.file_url) AS address,
    concat_ws(
        '; ', 'judul: ' || legal.title, 'status: ' || coalesce(legal.status_raw, replace(legal.status, '_', ' ')),
        'ditetapkan: ' || hari(legal.enacted_on),
        'diundangkan: ' || hari(legal.promulgated_on), 'berkas: ' || legal.file_url
    ) AS words
FROM cited_evidence AS cited
JOIN legal
    ON legal.score_id = cited.score_id AND legal.criterion = cited.criterion AND legal.capture_id = cited.capture_id
WHERE legal.valid_from <= cited.as_of
QUALIFY row_number() OVER (
    PARTITION BY cited.score_id, cited.criterion, cited.capture_id
    -- Of the versions of one product the last counts; then the newest product.
    ORDER BY legal.year DESC, legal.regulation_key, legal.valid_from DESC
) <= 3
