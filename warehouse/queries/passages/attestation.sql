-- The statement behind an attested criterion: its row in the register, and the file that it points to.
SELECT
    cited.score_id, cited.institution, cited.criterion, cited.capture_id,
    CASE WHEN att.capture_id = cited.capture_id THEN 'attestation' ELSE 'file' END AS kind,
    CASE WHEN att.capture_id = cited.capture_id
        THEN att.signer || coalesce(' (' || att.signer_role || ')', '')
        ELSE att.file_name
    END AS subject,
    replace(att.statement, '_', ' ') AS status, att.signed_on AS dated, NULL::TIMESTAMPTZ AS happened_at,
    att.file_name AS address,
    CASE WHEN att.capture_id = cited.capture_id
        THEN concat_ws(
            '; ', 'pernyataan: ' || replace(att.statement, '_', ' '), 'cakupan: ' || att.scope, 'catatan: ' || att.note,
            'jenis dokumen: ' || replace(att.document_kind, '_', ' '),
            'berlaku sampai: ' || hari(att.expires_on)
        )
        ELSE 'berkas bukti yang ditunjuk pernyataan; sidik yang dinyatakan: ' || att.sha256
    END AS words
FROM cited_evidence AS cited
JOIN core.attestation AS att
    ON att.institution = cited.institution AND att.instrument = cited.instrument
    AND cited.capture_id IN (att.capture_id, att.file_capture_id)
WHERE cited.answered_by = 'atestasi'
  AND att.valid_from <= cited.as_of
  AND (att.criterion = cited.criterion OR starts_with(cited.criterion, att.criterion || '.'))
  AND contains(cited.reason, att.signer) AND contains(cited.reason, att.file_name)
  -- Scores of before wrote the day the other way round.
  AND (
      contains(cited.reason, strftime(att.signed_on, '%d-%m-%Y'))
      OR contains(cited.reason, CAST(att.signed_on AS VARCHAR))
  )
QUALIFY row_number() OVER (
    PARTITION BY cited.score_id, cited.criterion, cited.capture_id
    ORDER BY att.capture_id = cited.capture_id DESC, att.valid_from DESC, att.attestation_key
) = 1
