-- By which rules the checks of each institution are counted at $as_of.
SELECT
    current.institution, current.time_zone, coalesce(rule.check_holds, INTERVAL 30 MINUTE) AS check_holds
FROM institution_current AS current
JOIN core.institution AS rule
    ON rule.institution = current.institution
    AND rule.valid_from <= $as_of AND (rule.valid_to IS NULL OR rule.valid_to > $as_of)
