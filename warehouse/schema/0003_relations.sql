-- What a legal product does to others and they to it: a JSON list (collectors/legal_relations.py).
ALTER TABLE raw.regulation ADD COLUMN relations VARCHAR DEFAULT '[]';
ALTER TABLE core.regulation ADD COLUMN relations VARCHAR DEFAULT '[]';
