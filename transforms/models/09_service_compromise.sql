-- Whether the page of every watched service was taken over, at $as_of: by the latest check that could tell, since
-- the first of the unbroken checks that say the same. A check that read no whole page says nothing.
WITH service AS (
    SELECT institution, service_id, name, agency
    FROM core.service
    SEMI JOIN institution_current USING (institution)
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

latest AS (
    SELECT
        institution, service_id,
        max(last_at) AS told_at,
        max(last_at) FILTER (WHERE NOT is_compromised) AS clean_at
    FROM page_reading
    SEMI JOIN service USING (institution, service_id)
    GROUP BY institution, service_id
),

last AS (
    SELECT
        institution, service_id, any_value(latest.told_at) AS told_at,
        any_value(struct_pack(is_compromised, compromise_evidence, capture_id := page_reading.last[1].capture_id))
            AS said
    FROM page_reading
    JOIN latest USING (institution, service_id)
    WHERE page_reading.last_at = latest.told_at
    GROUP BY institution, service_id
),

taken AS (
    SELECT institution, service_id, min(first_at) AS compromised_since
    FROM (FROM page_reading WHERE is_compromised)
    JOIN latest USING (institution, service_id)
    WHERE latest.clean_at IS NULL OR first_at > latest.clean_at
    GROUP BY institution, service_id
)

SELECT
    service.institution, service.service_id, service.name, service.agency,
    last.told_at,
    last.said.is_compromised AS is_compromised,
    last.said.compromise_evidence AS compromise_evidence,
    last.said.capture_id AS capture_id,
    taken.compromised_since
FROM service
LEFT JOIN last USING (institution, service_id)
LEFT JOIN taken USING (institution, service_id)
