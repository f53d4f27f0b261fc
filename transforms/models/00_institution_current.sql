-- Institutions known at $as_of (those of $institutions, where that is given), with the short name of their time zone for reasons that name a moment.
SELECT
    institution, name, kind, time_zone, down_after, flapping_changes, flapping_within,
    CASE time_zone
        WHEN 'Asia/Jakarta' THEN 'WIB'
        WHEN 'Asia/Pontianak' THEN 'WIB'
        WHEN 'Asia/Makassar' THEN 'WITA'
        WHEN 'Asia/Jayapura' THEN 'WIT'
        ELSE time_zone
    END AS zone
FROM core.institution
WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
    AND ($institutions::VARCHAR[] IS NULL OR list_contains($institutions::VARCHAR[], institution))
