-- The services that are counted, and by which rules, from when on: with numbers in the place of names, which sorting and
-- grouping millions of checks would have to look at.
SELECT
    row_number() OVER (ORDER BY institution, service_id)::INTEGER AS service_no, institution, service_id,
    rule.time_zone, rule.check_holds, coalesce(part.counted_from, '-infinity'::TIMESTAMPTZ) AS starts_at,
    part.counted_from, part.first_own_at
FROM (SELECT DISTINCT institution, service_id FROM core.service WHERE valid_from <= $as_of) AS service
JOIN counted_rule AS rule USING (institution)
LEFT JOIN counted_from AS part USING (institution, service_id)
