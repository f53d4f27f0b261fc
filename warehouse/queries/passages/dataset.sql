-- The first data sets of a catalogue that an answer counts.
SELECT
    cited.score_id, cited.institution, cited.criterion, cited.capture_id, 'dataset' AS kind,
    data.title AS subject, NULL::VARCHAR AS status, CAST(data.modified_at AS DATE) AS dated,
    NULL::TIMESTAMPTZ AS happened_at, NULL::VARCHAR AS address,
    concat_ws(
        '; ', 'judul: ' || data.title, 'penerbit: ' || data.organisation, 'format: ' || nullif(data.formats, ''),
        'berkas: ' || data.resource_count, 'diubah: ' || hari(data.modified_at),
        'lisensi: ' || data.licence
    ) AS words
FROM cited_evidence AS cited
JOIN core.dataset AS data ON data.institution = cited.institution AND data.capture_id = cited.capture_id
WHERE data.valid_from <= cited.as_of
QUALIFY row_number() OVER (
    PARTITION BY cited.score_id, cited.criterion, cited.capture_id ORDER BY data.title, data.dataset_key
) <= 3
