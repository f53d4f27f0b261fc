-- Claim: a legal product on $topic is enacted and in force. $issuer 'unit' also accepts one of the head of a
-- unit, 'pimpinan' only those of the head of the institution and regional regulations.
-- FALSE only where every product known on the topic is repealed.
WITH product AS (
    SELECT
        *,
        issuer = 'pimpinan' OR (issuer = 'unit' AND $issuer = 'unit') AS counts
    FROM regulation_topic
    WHERE topic = $topic
),

judged AS (
    SELECT
        institution,
        count(*) FILTER (WHERE counts) AS products,
        count(*) FILTER (WHERE counts AND state = 'berlaku') AS in_force,
        count(*) FILTER (WHERE counts AND state = 'dicabut') AS repealed,
        -- The newest one speaks for the rest; the order does not depend on which source ran last.
        arg_max(label, (year, regulation_key)) FILTER (WHERE counts AND state = 'berlaku') AS label_in_force,
        arg_max(struct_pack(label, repealed_by), (year, regulation_key))
            FILTER (WHERE counts AND state = 'dicabut') AS latest_repealed,
        arg_max(struct_pack(label, state, period_end), (year, regulation_key))
            FILTER (WHERE counts AND state IN ('lewat', 'tidak_diketahui')) AS latest_unsure,
        arg_max(label, (year, regulation_key)) FILTER (WHERE NOT counts) AS label_other,
        list_sort(flatten(list(capture_ids) FILTER (WHERE counts AND state = 'berlaku'))) AS ids_in_force,
        list_sort(flatten(list(capture_ids) FILTER (WHERE counts))) AS ids_counted,
        list_sort(flatten(list(capture_ids))) AS ids_all,
        max(observed_at) FILTER (WHERE counts AND state = 'berlaku') AS in_force_at,
        min(observed_at) FILTER (WHERE counts) AS counted_at
    FROM product
    GROUP BY institution
),

listing AS (
    SELECT
        institution,
        max(coalesce(seen.last_ok_at, regulation_listing.listed_from)) AS observed_at,
        any_value(institution_products) AS listed
    FROM regulation_listing
    LEFT JOIN source_seen AS seen USING (institution, source)
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE
        WHEN judged.in_force > 0 THEN TRUE
        WHEN judged.products > 0 AND judged.repealed = judged.products THEN FALSE
    END AS answer,
    CASE
        WHEN listing.institution IS NULL THEN 'Belum ada daftar peraturan yang terbaca'
        WHEN judged.in_force > 0 THEN
            judged.label_in_force || ' berlaku'
            || CASE
                WHEN judged.in_force = 1 THEN ''
                ELSE ' (dan ' || (judged.in_force - 1) || ' produk hukum lain tentang hal yang sama)'
            END
        WHEN judged.products > 0 AND judged.repealed = judged.products THEN
            judged.latest_repealed.label || ' sudah dicabut'
            || coalesce(' dengan ' || judged.latest_repealed.repealed_by, '')
            || ' dan tidak ada penggantinya dalam daftar'
        WHEN judged.latest_unsure.state = 'lewat' THEN
            judged.latest_unsure.label || ' hanya sampai tahun ' || judged.latest_unsure.period_end
        WHEN judged.products > 0 THEN
            judged.latest_unsure.label || ' ditetapkan, tetapi daftar tidak menyebut apakah masih berlaku'
        WHEN judged.label_other IS NOT NULL THEN
            judged.label_other || ' bukan peraturan atau keputusan pimpinan, jadi tidak cukup'
        ELSE
            'Tidak ditemukan di antara ' || listing.listed || ' produk hukum yang terdaftar; '
            || 'tidak ditemukan bukan berarti tidak ada'
    END AS reason,
    CASE
        WHEN judged.in_force > 0 THEN judged.ids_in_force
        WHEN judged.products > 0 THEN judged.ids_counted
        ELSE coalesce(judged.ids_all, [])
    END::VARCHAR[] AS evidence_ids,
    CASE
        WHEN judged.in_force > 0 THEN judged.in_force_at
        WHEN judged.products > 0 THEN judged.counted_at
        ELSE listing.observed_at
    END AS observed_at
FROM institution_current AS inst
LEFT JOIN judged USING (institution)
LEFT JOIN listing USING (institution)
ORDER BY inst.institution
