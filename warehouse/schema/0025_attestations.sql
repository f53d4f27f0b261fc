-- Statements from workbooks: what kind of document the evidence file is, and from which day a statement counts.

ALTER TABLE raw.attestation ADD COLUMN document_kind VARCHAR;
ALTER TABLE raw.attestation ADD COLUMN effective_on DATE;
ALTER TABLE raw.attestation ADD COLUMN sheet VARCHAR;
ALTER TABLE core.attestation ADD COLUMN document_kind VARCHAR;
ALTER TABLE core.attestation ADD COLUMN effective_on DATE;
