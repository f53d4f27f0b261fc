-- Whether the page of every watched service was taken over, at $as_of: by the latest check that could tell, since
-- the first of the unbroken checks that say the same. A check that read no whole page says nothing.
WITH service AS (
    SELECT institution, service_id, name, agency
    FROM core.service
    SEMI JOIN institution_current USING (institution)
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

told AS (
    SELECT institution, service_id, checked_at, is_compromised, compromise_evidence, capture_id
    FROM core.uptime_check
    SEMI JOIN service USING (institution, service_id)
    WHERE checked_at <= $as_of AND is_compromised IS NOT NULL
),

latest AS (
    SELECT
        institution, service_id,
        max(checked_at) AS told_at,
        max(checked_at) FILTER (WHERE NOT is_compromised) AS clean_at,
        arg_max(struct_pack(is_compromised, compromise_evidence, capture_id), checked_at) AS last
    FROM told
    GROUP BY institution, service_id
)

SELECT
    service.institution, service.service_id, service.name, service.agency,
    latest.told_at,
    latest.last.is_compromised AS is_compromised,
    latest.last.compromise_evidence AS compromise_evidence,
    latest.last.capture_id AS capture_id,
    (
        SELECT min(told.checked_at)
        FROM told
        WHERE told.institution = service.institution AND told.service_id = service.service_id
            AND told.is_compromised AND (latest.clean_at IS NULL OR told.checked_at > latest.clean_at)
    ) AS compromised_since
FROM service
LEFT JOIN latest USING (institution, service_id)
