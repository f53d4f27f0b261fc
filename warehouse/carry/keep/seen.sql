-- When services were seen, also those of institutions whose count is not carried over.
FROM service_seen
