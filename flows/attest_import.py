"""Bringing in a filled workbook of attestations: into the drop folder of its source, and so into the archive.

The workbook lies there beside what was imported before, with its receipt and the evidence files it names;
every collection of the source archives all of them. So a later workbook takes nothing back, and `pantau
collect` says the same as the import did.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from collectors.archive import Archive
from collectors.attestation_files import RECEIPT, Receipt, read_receipt, stored_name, write_receipt
from collectors.attestation_workbook import FilledRow, Workbook, read_workbook
from collectors.drop_folder import file_name, read_file, safe_name
from collectors.evidence import Capture, ParseError, Reject, Run, joined
from collectors.fetch_error import FetchError
from collectors.institution import InstitutionFile, Source, read_institution
from flows.collect import UnknownSourceError, collect
from flows.places import Clock
from warehouse.load import parse_parts


class AttestImportError(Exception):
    """A workbook that cannot be imported under this configuration; the message says what to do."""


@dataclass(frozen=True)
class Imported:
    """What became of a workbook: its filled rows are accepted or refused. `is_new` tells if anything changed.

    `name` is what it is called in the drop folder of `source`; `notes` say which evidence could not be read.
    """

    source: str
    name: str
    is_new: bool
    rows: int
    accepted: int
    refused: tuple[Reject, ...]
    notes: tuple[str, ...] = ()


def import_workbook(
    config: Path,
    file: Path,
    archive: Archive,
    *,
    clock: Clock,
    files: Path | None = None,
    source_id: str | None = None,
) -> Imported:
    """Put the workbook and its evidence into the drop folder, collect the source, and judge every filled row.

    Evidence files are looked for in `files`, else beside the workbook. The same again changes nothing.
    Raises AttestImportError for what cannot be imported, ParseError for a workbook that cannot be read,
    FetchError where collecting fails.
    """
    institution, _ = read_institution(config)
    source = _source(institution, source_id)
    folder = config.resolve().parent / (source.path or "")
    payload = read_file(file.resolve().parent, file.name, clock()).body
    workbook = read_workbook(payload, file.name)
    if workbook is None:
        raise AttestImportError(f"{file}: is no workbook made by pantau attest template")
    if workbook.institution != institution.institution.id:
        raise AttestImportError(
            f"{file}: was made for {workbook.institution}, not for {institution.institution.id}"
        )
    evidence = files or file.resolve().parent
    if not evidence.is_dir():
        raise AttestImportError(f"--files {evidence}: is no folder")
    name, is_new, changed = _drop(folder, file, payload, workbook, evidence, clock())
    run = _archived(archive, institution, source, name)
    if is_new or run is None:
        # Without a run that holds it, an import before was broken off, or the last collection failed.
        (result,) = collect(config, archive, clock=clock, only=source.id)
        if result.outcome == "failed":
            raise FetchError(source.id, result.error or "file", result.message)
        run = _archived(archive, institution, source, name)
    if run is None:
        raise AttestImportError(f"{folder}: {name} was removed while it was imported; import it again")
    refused, notes = _refused(run, institution, source, name)
    # The copy in the drop folder is that of the first import; the file at hand is another one.
    seen = {_row(reject) for reject in refused}
    refused += [reject for reject in changed if _row(reject) not in seen]
    rows = len(workbook.rows)
    return Imported(source.id, name, is_new, rows, rows - len(refused), tuple(refused), notes)


def _source(institution: InstitutionFile, source_id: str | None) -> Source:
    """The source of attestations that has a drop folder."""
    known = [s for s in institution.sources if s.collector == "attestations" and s.path is not None]
    chosen = [s for s in known if source_id in (None, s.id)]
    names = ", ".join(s.id for s in known) or "none"
    if source_id is not None and not chosen:
        raise UnknownSourceError(f"no source of attestations {source_id!r} with a `path`; there are: {names}")
    if len(chosen) != 1:
        raise AttestImportError(
            "the institution's file needs one source of attestations with a `path`; "
            f"there are: {names}" + ("; name one with --source" if known else "")
        )
    return chosen[0]


def _drop(
    folder: Path, file: Path, payload: bytes, workbook: Workbook, evidence: Path, now: datetime
) -> tuple[str, bool, list[Reject]]:
    """Copy what is new into the drop folder: evidence, then the receipt, then the workbook.

    In that order, so that a killed import leaves no workbook whose receipt or evidence is not there yet.
    Returned are its name there, whether anything changed, and rows whose file is not the one recorded before.
    """
    if folder.exists() and not folder.is_dir():
        raise AttestImportError(f"{folder}: `path` of the source is no folder; give the folder instead")
    digest = hashlib.sha256(payload).hexdigest()
    known = sorted(folder.glob(f"*-{digest[:12]}.xlsx"))
    name = known[0].name if known else f"{_stem(file.stem)}-{digest[:12]}.xlsx"
    receipt_path = folder / f"{name}{RECEIPT}"
    before = (
        read_receipt(receipt_path.read_bytes(), receipt_path.name) if receipt_path.exists() else Receipt()
    )
    recorded = dict(before.files)
    changed: list[Reject] = []
    is_new = not known
    for said, rows in _named(workbook).items():
        try:
            body = read_file(evidence, said, now).body
        except FetchError:
            # The rows that name it are refused when they are judged.
            continue
        found = hashlib.sha256(body).hexdigest()
        if said not in recorded:
            recorded[said] = (stored_name(said, found), found)
            _write(folder / recorded[said][0], body)
            is_new = True
        elif recorded[said][1] != found:
            changed += [_changed(name, row, said, recorded[said][1]) for row in rows]
        elif not (folder / recorded[said][0]).is_file():
            _write(folder / recorded[said][0], body)
            is_new = True
    if is_new:
        _write(receipt_path, write_receipt(replace(before, files=recorded, imports=(*before.imports, now))))
        _write(folder / name, payload)
    return name, is_new, changed


def _named(workbook: Workbook) -> dict[str, list[FilledRow]]:
    """The files that rows name, by a name that leads nowhere else and fits on a line of the receipt."""
    found: dict[str, list[FilledRow]] = {}
    for row in workbook.rows:
        name = safe_name(row.cells["berkas"])
        if name is not None and name.isprintable():
            found.setdefault(name, []).append(row)
    return found


def _changed(name: str, row: FilledRow, said: str, digest: str) -> Reject:
    reason = f"berkas: isi {said!r} berubah sejak dicatat (SHA-256 {digest}); simpan dengan nama lain"
    return Reject(f"{name}, {row.at(('berkas',))}", reason, said)


def _row(reject: Reject) -> tuple[str, str]:
    """The sheet and number of a refused row, however many of its cells are named."""
    sheet, _, cells = reject.where.rpartition("!")
    return sheet, cells.split(",")[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _stem(stem: str) -> str:
    """The name of a workbook, fit to be one in any folder."""
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-")
    return kept[:60] or "pernyataan"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Swapped in whole, so that a collector at work never reads half a file.
    partial = path.with_name(f".{path.name[-100:]}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _archived(
    archive: Archive, institution: InstitutionFile, source: Source, name: str
) -> tuple[Run, tuple[Capture, ...]] | None:
    """The last run of the source, where it went well and holds the workbook."""
    entries = archive.ledger(institution.institution.id, source.id)
    if not entries:
        return None
    run, captures = archive.read(entries[-1])
    is_held = any(file_name(capture) == name for capture in captures)
    return (run, captures) if run.outcome == "ok" and is_held else None


def _refused(
    archived: tuple[Run, tuple[Capture, ...]], institution: InstitutionFile, source: Source, name: str
) -> tuple[list[Reject], tuple[str, ...]]:
    """The rows of the workbook that loading will refuse, and what is remarked on the files."""
    parts = parse_parts(*archived, institution)
    if parts is None:
        raise ParseError(source.id, "is no source of attestations", "Correct the institution's file.")
    parsed = joined(parts)
    return [reject for reject in parsed.rejects if reject.where.startswith(f"{name}, ")], parsed.notes
