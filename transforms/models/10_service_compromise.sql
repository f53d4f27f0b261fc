-- Whether the page of every watched service was taken over, at $as_of: by the latest check that could tell, since
-- the first of the unbroken checks that say the same. A check that read no whole page says nothing.
SELECT
    service.institution, service.service_id, service.name, service.agency,
    ever.told_at,
    ever.said.is_compromised AS is_compromised,
    ever.said.compromise_evidence AS compromise_evidence,
    ever.said.capture_id AS capture_id,
    ever.compromised_since
FROM core.service AS service
SEMI JOIN institution_current AS asked ON asked.institution = service.institution
LEFT JOIN page_ever AS ever
    ON ever.institution = service.institution AND ever.service_id = service.service_id
WHERE service.valid_from <= $as_of AND (service.valid_to IS NULL OR service.valid_to > $as_of)
