-- Claim: most legal products of a listing can be downloaded (interaction, as PermenPANRB 59/2020, Tabel 3,
-- calls it). Most is at least half: a listing with a few links must not pass for a service. Never FALSE: a feed may
-- leave links out.
WITH per_source AS (
    SELECT
        institution, source, listed, downloadable, capture_ids,
        coalesce(seen.last_ok_at, regulation_listing.no_drafts_from) AS observed_at
    FROM regulation_listing
    LEFT JOIN source_seen AS seen USING (institution, source)
    WHERE listed > 0
),

best AS (
    SELECT institution, arg_max(per_source, (downloadable * 1.0 / listed, listed, source)) AS row
    FROM per_source
    GROUP BY institution
)

SELECT
    inst.institution,
    CASE WHEN best.row.downloadable * 2 >= best.row.listed THEN TRUE END AS answer,
    CASE
        WHEN best.institution IS NULL THEN 'Belum ada daftar peraturan yang terbaca'
        ELSE best.row.downloadable || ' dari ' || best.row.listed || ' produk hukum dalam daftar '
            || best.row.source || ' dapat diunduh'
    END AS reason,
    coalesce(best.row.capture_ids, [])::VARCHAR[] AS evidence_ids,
    best.row.observed_at AS observed_at
FROM institution_current AS inst
LEFT JOIN best USING (institution)
ORDER BY inst.institution
