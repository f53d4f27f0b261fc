"""Attestations: registers (CSV or workbooks) of signed statements about criteria, and the files they rest on.

A statement counts only with its signer, date, criterion and an evidence file whose bytes have the SHA-256
digest that was written down; anything else is rejected, naming row and column, or the cell of a workbook.
What was written down for a workbook lies beside it (`collectors.attestation_files`).
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from collectors.attestation_files import (
    RECEIPT,
    PdfKinds,
    Receipt,
    document_kind,
    kind_shown_by,
    pdf_kinds,
    read_receipt,
)
from collectors.attestation_register import Register, read_register
from collectors.attestation_workbook import NEEDED, FilledRow, Workbook, letter, read_workbook
from collectors.drop_folder import file_name, read_file, safe_name, top_files
from collectors.evidence import (
    AttestationRecord,
    Capture,
    Fetched,
    Parsed,
    ParseError,
    Reject,
    without_exact_duplicates,
)
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.indonesian import clean_text, is_nothing, normalise_title, parse_date
from collectors.institution import Source
from collectors.personal_data import mask
from collectors.tables import Row

DEFAULT_INSTRUMENT = "spbe-2020"
STATEMENTS = ("terpenuhi", "tidak_terpenuhi", "dicabut")

_CRITERION = re.compile(r"^I\d{2}\.[1-5](?:\.[a-z])?$")
_INSTRUMENT = re.compile(r"^[a-z0-9][a-z0-9-]*$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_NOTED = 20
"""So many files that could not be read are named."""
log = logging.getLogger(__name__)


def fetch(source: Source, session: HttpSession) -> Iterator[Fetched]:
    """The registers dropped at the source's `path` (a folder or one file), then each evidence file they name.

    A named file that is missing, too large or outside the folder is left out; `parse` then rejects its rows.
    Raises FetchError when no register was dropped.
    """
    if source.path is None:
        raise FetchError(str(source.url), "not_allowed", "attestations come from a drop folder; give `path`")
    folder, names = top_files(source.path, (".csv", ".xlsx"))
    yield from _documents(folder, names, session.clock)


def parse(captures: Sequence[Capture], source: Source) -> Parsed:  # noqa: ARG001 - one shape for all collectors
    """The statements in the captured registers, each checked against the captured file it names.

    Raises ParseError when a register cannot be read or lacks a required column.
    """
    return _parse(captures)


def parse_file(path: Path) -> Parsed:
    """The statements in one register on disk, digests checked against the files beside it.

    Raises ParseError, or FetchError when the register cannot be opened.
    """
    at = (
        datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if path.is_file()
        else datetime.fromtimestamp(0, UTC)
    )
    return _parse(
        [
            Capture(one.url, one.url, at, None, one.headers, "", one.body)
            for one in _documents(path.parent, (path.name,), lambda: at)
        ]
    )


def _documents(folder: Path, names: tuple[str, ...], clock: Callable[[], datetime]) -> Iterator[Fetched]:
    wanted: list[str] = []
    for name in names:
        register = read_file(folder, name, clock())
        yield register
        if not _is_workbook(name):
            wanted.extend(_named_files(register.body, name))
        elif (folder / f"{name}{RECEIPT}").exists():
            receipt = read_file(folder, f"{name}{RECEIPT}", clock())
            yield receipt
            wanted.extend(_received_files(receipt.body, name))
    for name in dict.fromkeys(wanted):
        if name in names:
            continue
        try:
            yield read_file(folder, name, clock())
        except FetchError as error:
            # Not the run's failure: the rows that rest on this file are rejected when they are parsed.
            log.warning("evidence file not captured: %s", error)


def _is_workbook(name: str) -> bool:
    return name.lower().endswith(".xlsx")


def _received_files(payload: bytes, where: str) -> list[str]:
    try:
        names = (safe_name(stored) for stored, _ in read_receipt(payload, where).files.values())
        return [name for name in names if name is not None]
    except ParseError as error:
        # The receipt itself is archived; `parse` refuses it with this message.
        log.warning("no evidence files are looked for: %s", error)
        return []


def _named_files(payload: bytes, where: str) -> list[str]:
    try:
        register = read_register(payload, where)
    except ParseError as error:
        # The register itself is archived; `parse` refuses it with this message.
        log.warning("no evidence files are looked for: %s", error)
        return []
    names = (safe_name(register.cell(row, "berkas")) for row in register.rows)
    return [name for name in names if name is not None]


@dataclass(frozen=True)
class _Line:
    """One row of a register of either kind, ready to be judged.

    `files` maps the names it may give to where that file lies and which digest was written down for it; None
    where the row itself says the digest. `first_seen` is when the row was handed in.
    """

    cell: Callable[[str], str]
    at: Callable[[Sequence[str]], str]
    number: int
    raw: str
    instrument: str
    needed: tuple[str, ...]
    problems: Mapping[str, str]
    files: Mapping[str, tuple[str, str]] | None = None
    first_seen: datetime | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class _Evidence:
    """The captured files by name, with their digests, and what the PDFs among them are."""

    files: Mapping[str, Capture]
    digests: Mapping[str, str]
    pdfs: PdfKinds


@dataclass
class _Registers:
    """The registers of one run as far as they can be read."""

    tables: list[tuple[Capture, Register]] = field(default_factory=list)
    workbooks: list[tuple[Capture, Workbook, Receipt]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: dict[str, ParseError] = field(default_factory=dict)


def _read_registers(files: Mapping[str, Capture]) -> _Registers:
    found = _Registers()
    for name, capture in files.items():
        if "/" in name or not name.lower().endswith((".csv", ".xlsx")):
            continue
        try:
            if not _is_workbook(name):
                found.tables.append((capture, read_register(capture.payload, name)))
                continue
            workbook = read_workbook(capture.payload, name)
            receipt = files.get(f"{name}{RECEIPT}")
            read = read_receipt(receipt.payload, f"{name}{RECEIPT}") if receipt else Receipt()
        except ParseError as error:
            found.unreadable[name] = error
            continue
        if workbook is None:
            found.notes.append(f"{name}: bukan buku kerja pernyataan, tidak dibaca")
        else:
            found.workbooks.append((capture, workbook, read))
    return found


def _parse(captures: Sequence[Capture]) -> Parsed:
    files = {file_name(capture): capture for capture in captures}
    found = _read_registers(files)
    named = {safe_name(table.cell(row, "berkas")) for _, table in found.tables for row in table.rows}
    # What a register names is evidence; any other table must be a register.
    for name, refusal in found.unreadable.items():
        if name not in named:
            raise refusal
    if not found.tables and not found.workbooks:
        raise ParseError(
            "attestations",
            "no register was captured",
            "Drop a CSV of attestations, or import a workbook with pantau attest import, and collect again.",
        )
    digests = {name: hashlib.sha256(capture.payload).hexdigest() for name, capture in files.items()}
    evidence = _Evidence(files, digests, pdf_kinds(files))
    records: list[AttestationRecord] = []
    rejects: list[Reject] = []
    for capture, table in found.tables:
        for row in table.rows:
            read = _read_line(_register_line(table, row), capture, evidence)
            if isinstance(read, Reject):
                rejects.append(read)
            else:
                records.append(read)
    kept, duplicates = without_exact_duplicates(records)
    current, refused, replaced = _workbook_statements(found.workbooks, evidence)
    notes = [note for _, table in found.tables for note in table.notes] + found.notes
    unread = evidence.pdfs.unread
    notes += [
        f"{name}: isi PDF tidak terbaca ({why}), jenisnya tidak diperiksa" for name, why in unread[:_NOTED]
    ]
    if len(unread) > _NOTED:
        notes.append(f"dan {len(unread) - _NOTED} PDF lain yang isinya tidak terbaca")
    return Parsed(
        "attestation",
        (*kept, *current),
        (*rejects, *refused),
        duplicates + replaced,
        tuple(notes),
        {capture: shown.words for capture, shown in evidence.pdfs.shown.items()},
    )


def _workbook_statements(
    workbooks: Sequence[tuple[Capture, Workbook, Receipt]], evidence: _Evidence
) -> tuple[tuple[AttestationRecord, ...], list[Reject], int]:
    """The statements that all workbooks together make, in the order they were handed in.

    A row stands until a later version of its workbook says something else in the same row; one left empty
    there takes nothing back. Also returned: what was refused, and how many rows were replaced.
    """
    current: dict[tuple[str, str, int], AttestationRecord] = {}
    stands_at: dict[tuple[object, ...], tuple[str, str, int]] = {}
    recorded: dict[tuple[object, ...], str] = {}
    refused: list[Reject] = []
    read = 0
    in_order = sorted(workbooks, key=lambda one: (one[2].first_import or one[0].captured_at, one[0].url))
    for capture, workbook, receipt in in_order:
        for row in workbook.rows:
            line = _workbook_line(file_name(capture), workbook, row, receipt)
            found = _read_line(line, capture, evidence)
            if isinstance(found, AttestationRecord):
                about = (found.instrument, found.criterion, found.signer, found.signed_on, found.file_name)
                before = recorded.setdefault(about, found.sha256)
                if before != found.sha256:
                    changed = f"isi berkas berubah sejak dicatat (SHA-256 {before}); tanda tangani lagi"
                    found = _reject(line, {"berkas": changed})
            if isinstance(found, Reject):
                refused.append(found)
                continue
            read += 1
            place = (workbook.id, row.sheet, row.number)
            replaced = current.pop(place, None)
            if replaced is not None:
                del stands_at[_statement(replaced)]
            # The same statement in another workbook is still one statement.
            current.pop(stands_at.get(_statement(found), place), None)
            current[place] = found
            stands_at[_statement(found)] = place
    return tuple(current.values()), refused, read - len(current)


def _statement(record: AttestationRecord) -> tuple[object, ...]:
    return (record.instrument, record.criterion, record.signer, record.signed_on, record.sha256)


def _register_line(register: Register, row: Row) -> _Line:
    problems: dict[str, str] = {}
    if any(cell.strip() for cell in row.cells[register.width :]):
        problems[f"nomor {len(row.cells)}"] = (
            f"baris bergeser: judul tabel hanya {register.width} kolom; beri tanda kutip pada sel berkoma"
        )
    return _Line(
        cell=lambda header: register.cell(row, header),
        at=lambda headers: f"{register.where}, baris {row.number}, kolom {', '.join(headers)}",
        number=row.number,
        raw=_raw(row.cells),
        instrument=register.cell(row, "instrumen").lower() or DEFAULT_INSTRUMENT,
        needed=("penandatangan", "tanggal"),
        problems=problems,
    )


def _workbook_line(name: str, workbook: Workbook, row: FilledRow, receipt: Receipt) -> _Line:
    return _Line(
        cell=lambda header: row.cells.get(header, ""),
        at=lambda headers: f"{name}, {row.at(headers)}",
        number=row.number,
        raw=_raw(tuple(row.cells.values())),
        instrument=workbook.instrument,
        needed=NEEDED,
        problems=dict.fromkeys(row.changed, "sel terkunci ini diubah; buat buku kerja baru"),
        files=receipt.files,
        first_seen=receipt.first_import,
        sheet=f"{name}, {row.sheet}",
    )


def _raw(cells: Sequence[str]) -> str:
    return " | ".join(mask(cell.strip()) for cell in cells)


def _read_line(line: _Line, capture: Capture, evidence: _Evidence) -> AttestationRecord | Reject:
    if line.problems:
        # What stands in such a row cannot be told apart from what does not belong there.
        return _reject(line, line.problems)
    problems: dict[str, str] = {}
    signed_on = _date(line, "tanggal", problems)
    effective_on = _date(line, "berlakusejak", problems)
    expires_on = _date(line, "kedaluwarsa", problems)
    criterion = _criterion(line.cell("kriteria"))
    statement = normalise_title(line.cell("pernyataan")).replace(" ", "_")
    kind = document_kind(line.cell("jenisdokumen"))
    signer = _text(line.cell("penandatangan"))
    for header in line.needed:
        if header not in ("berkas", *problems) and _text(line.cell(header)) is None:
            problems[header] = "kosong"
    if not _INSTRUMENT.match(line.instrument):
        problems["instrumen"] = f"{line.instrument!r} bukan id instrumen"
    if not _CRITERION.match(criterion):
        problems["kriteria"] = f"{criterion!r} bukan kriteria; tulis seperti I13.3 atau I13.3.a"
    if statement not in STATEMENTS and "pernyataan" not in problems:
        problems["pernyataan"] = f"{statement!r} bukan salah satu dari {', '.join(STATEMENTS)}"
    if kind is None and _text(line.cell("jenisdokumen")) is not None:
        problems["jenisdokumen"] = f"{line.cell('jenisdokumen')!r} bukan jenis dokumen yang dikenal"
    _check_days(line, capture, signed_on, effective_on, expires_on, problems)
    name = safe_name(line.cell("berkas"))
    stored, digest = _written_down(line, name)
    problems.update(_file_problems(line, name, stored, digest, evidence.digests))
    if problems or signer is None or signed_on is None or name is None or stored is None:
        return _reject(line, problems)
    file = evidence.files[stored]
    shown = kind_shown_by(name, file, evidence.pdfs)
    return AttestationRecord(
        instrument=line.instrument,
        criterion=criterion,
        statement=statement,
        signer=signer,
        signer_role=_text(line.cell("jabatan")),
        signed_on=signed_on,
        scope=_text(line.cell("cakupan")),
        file_name=name,
        sha256=digest,
        file_capture_id=file.capture_id,
        expires_on=expires_on,
        note=_text(line.cell("catatan")),
        capture_id=capture.capture_id,
        position=line.number,
        document_kind=shown or kind,
        effective_on=effective_on,
        sheet=line.sheet,
    )


def _check_days(
    line: _Line,
    capture: Capture,
    signed_on: date | None,
    effective_on: date | None,
    expires_on: date | None,
    problems: dict[str, str],
) -> None:
    # One day of grace: captures are dated in UTC, signatures in local time.
    if signed_on is not None and signed_on > (capture.captured_at + timedelta(days=1)).date():
        problems["tanggal"] = f"{signed_on} belum tiba saat berkas ini diambil"
    if line.sheet is None or expires_on is None:
        # Of registers the gate judges the days: it holds back such a row and what stood before.
        return
    begins = max((day for day in (signed_on, effective_on) if day is not None), default=None)
    if begins is not None and expires_on <= begins:
        problems["kedaluwarsa"] = f"{expires_on} tidak sesudah tanggal tanda tangan atau berlaku ({begins})"
    # Judged when it was handed in: a statement that expires later on is stale, not wrong.
    elif line.first_seen is not None and expires_on < (line.first_seen - timedelta(days=1)).date():
        problems["kedaluwarsa"] = f"{expires_on} sudah lewat saat diimpor"


def _written_down(line: _Line, name: str | None) -> tuple[str | None, str]:
    """Where the file lies in the drop folder, and its digest as it was written down."""
    if line.files is None:
        return name, line.cell("sha256").lower().removeprefix("sha256:")
    return line.files.get(name or "", (None, ""))


def _file_problems(
    line: _Line, name: str | None, stored: str | None, digest: str, digests: Mapping[str, str]
) -> dict[str, str]:
    said = line.cell("berkas")
    if not said:
        return {"berkas": "kosong"}
    if name is None:
        return {"berkas": f"{said!r} menunjuk ke luar folder"}
    if line.files is not None:
        if stored is None:
            return {"berkas": f"{said!r} tidak ditemukan di folder bukti saat diimpor, atau terlalu besar"}
        if stored not in digests:
            return {"berkas": f"{said!r} hilang dari folder sumber sejak diimpor"}
        if digest != digests[stored]:
            return {"berkas": f"isi {said!r} berubah sejak diimpor (SHA-256 {digest})"}
        return {}
    if name not in digests:
        return {"berkas": f"{said!r} tidak ada dalam folder, atau terlalu besar"}
    if not digest:
        return {"sha256": f"kosong; berkas yang diambil bernilai {digests[name]}"}
    if not _DIGEST.match(digest):
        return {"sha256": "bukan 64 digit heksadesimal"}
    if digest != digests[name]:
        return {"sha256": f"tidak cocok dengan berkas yang diambil ({digests[name]})"}
    return {}


def _criterion(text: str) -> str:
    """A criterion id with its letters in the usual case: people type ``i13.3.A``."""
    head, dot, rest = text.partition(".")
    return f"{head.upper()}{dot}{rest.lower()}"


def _date(line: _Line, header: str, problems: dict[str, str]) -> date | None:
    text = line.cell(header)
    try:
        return parse_date(text)
    except ValueError:
        problems[header] = f"{text!r} bukan tanggal"
        return None


def _text(cell: str) -> str | None:
    return None if is_nothing(cell) else clean_text(cell)


def _reject(line: _Line, problems: Mapping[str, str]) -> Reject:
    reason = "; ".join(f"{header}: {problem}" for header, problem in problems.items())
    return Reject(line.at(tuple(problems)), reason, line.raw)


def place_of(record: AttestationRecord, header: str) -> str:
    """Where a statement's cell stands: ``a.xlsx, Domain 2!H14``, or the row and column of a register."""
    if record.sheet is None:
        return f"baris {record.position}, kolom {header}"
    return f"{record.sheet}!{letter(header)}{record.position}"
