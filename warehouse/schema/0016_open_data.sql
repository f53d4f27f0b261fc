-- Catalogues of open data portals. No persons: maintainers and authors are not read.

CREATE TABLE raw.dataset (
    entry_id VARCHAR, institution VARCHAR, source VARCHAR, captured_at TIMESTAMPTZ, loaded_at TIMESTAMPTZ,
    dataset_key VARCHAR, name VARCHAR, title VARCHAR, organisation VARCHAR, formats VARCHAR, licence VARCHAR,
    is_described BOOLEAN, resource_count INTEGER, modified_at TIMESTAMPTZ, capture_id VARCHAR, position BIGINT
);
CREATE TABLE core.dataset (
    institution VARCHAR, source VARCHAR, dataset_key VARCHAR, name VARCHAR, title VARCHAR, organisation VARCHAR,
    formats VARCHAR, licence VARCHAR, is_described BOOLEAN, resource_count INTEGER, modified_at TIMESTAMPTZ,
    capture_id VARCHAR, row_hash VARCHAR,
    valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, loaded_at TIMESTAMPTZ
);
