-- Data sets in the catalogues at $as_of. Open formats are those that machines read without one maker's program
-- (Perpres 39/2019, Pasal 1 and 10: data that can be shared and read electronically).
SELECT
    data.institution, data.source, data.dataset_key, data.title, data.is_described, data.resource_count,
    data.modified_at, data.capture_id,
    data.resource_count > 0 AND regexp_matches(
        data.formats, '(?:^|,)(?:csv|tsv|json|geojson|xml|ods|kml|gml|rdf|jsonld|parquet|text/csv|application/json)(?:,|$)'
    ) AS is_open,
    data.valid_from AS listed_from
FROM core.dataset AS data
SEMI JOIN institution_current AS asked ON asked.institution = data.institution
WHERE data.valid_from <= $as_of AND (data.valid_to IS NULL OR data.valid_to > $as_of)
