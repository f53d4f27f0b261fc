-- Claim: the open data catalogues are neglected: of at least ten data sets, four in five were not touched for two
-- years, or four in five have no description. The thresholds are ours and far from what a kept catalogue shows;
-- anything less cannot tell. FALSE where of at least ten fewer than half are old and fewer than half undescribed.
WITH counted AS (
    SELECT
        institution,
        count(*) AS listed,
        count(*) FILTER (WHERE modified_at < $as_of::TIMESTAMPTZ - INTERVAL 730 DAY) AS old,
        count(*) FILTER (WHERE NOT is_described) AS undescribed,
        list_sort(list_distinct(list(capture_id)))[1:5] AS capture_ids,
        min(coalesce(seen.last_ok_at, data.listed_from)) AS observed_at
    FROM dataset_current AS data
    LEFT JOIN source_seen AS seen USING (institution, source)
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE
        WHEN listed < 10 THEN NULL
        WHEN old * 5 >= listed * 4 OR undescribed * 5 >= listed * 4 THEN TRUE
        WHEN old * 2 < listed AND undescribed * 2 < listed THEN FALSE
    END AS answer,
    CASE
        WHEN counted.institution IS NULL THEN 'Belum ada katalog data terbuka yang terbaca'
        ELSE old || ' dari ' || listed || ' himpunan data tidak diubah lebih dari dua tahun, '
            || undescribed || ' tanpa uraian'
    END AS reason,
    coalesce(capture_ids, [])::VARCHAR[] AS evidence_ids,
    observed_at
FROM institution_current AS inst
LEFT JOIN counted USING (institution)
ORDER BY inst.institution
