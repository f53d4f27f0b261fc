"""Attestations: a register (CSV) of signed statements about criteria, with the files they rest on beside it.

A statement counts only with its signer, date, criterion and an evidence file whose bytes have the SHA-256
digest that was written down; anything else is rejected, naming row and column.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

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
from collectors.tables import Row, Sheet, header_row, read_csv

DEFAULT_INSTRUMENT = "spbe-2020"
COLUMNS: Mapping[str, str] = {
    "instrumen": "instrument",
    "kriteria": "criterion",
    "pernyataan": "statement",
    "penandatangan": "signer",
    "jabatan": "signer_role",
    "tanggal": "signed_on",
    "cakupan": "scope",
    "berkas": "file_name",
    "sha256": "sha256",
    "kedaluwarsa": "expires_on",
    "catatan": "note",
}
REQUIRED = ("kriteria", "pernyataan", "penandatangan", "tanggal", "berkas", "sha256")
STATEMENTS = ("terpenuhi", "tidak_terpenuhi", "dicabut")

_CRITERION = re.compile(r"^I\d{2}\.[1-5](?:\.[a-z])?$")
_INSTRUMENT = re.compile(r"^[a-z0-9][a-z0-9-]*$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
log = logging.getLogger(__name__)


def fetch(source: Source, session: HttpSession) -> Iterator[Fetched]:
    """The registers dropped at the source's `path` (a folder or one CSV), then each evidence file they name.

    A named file that is missing, too large or outside the folder is left out; `parse` then rejects its rows.
    Raises FetchError when no register was dropped.
    """
    if source.path is None:
        raise FetchError(str(source.url), "not_allowed", "attestations come from a drop folder; give `path`")
    folder, names = top_files(source.path, (".csv",))
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
        wanted.extend(_named_files(register.body, name))
    for name in dict.fromkeys(wanted):
        if name in names:
            continue
        try:
            yield read_file(folder, name, clock())
        except FetchError as error:
            # Not the run's failure: the rows that rest on this file are rejected when they are parsed.
            log.warning("evidence file not captured: %s", error)


def _named_files(payload: bytes, where: str) -> list[str]:
    try:
        register = _read_register(payload, where)
    except ParseError as error:
        # The register itself is archived; `parse` refuses it with this message.
        log.warning("no evidence files are looked for: %s", error)
        return []
    names = (safe_name(register.cell(row, "berkas")) for row in register.rows)
    return [name for name in names if name is not None]


@dataclass(frozen=True)
class _Register:
    """The rows of a register below its header; `columns` maps each known header to its column."""

    where: str
    columns: Mapping[str, int]
    width: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def cell(self, row: Row, header: str) -> str:
        column = self.columns.get(header)
        return row.cells[column].strip() if column is not None and column < len(row.cells) else ""


def _read_register(payload: bytes, where: str) -> _Register:
    if not payload.strip():
        raise ParseError(where, "the file is empty", f"Write a header row: {', '.join(COLUMNS)}.")
    sheet: Sheet = read_csv(payload, where, lambda text: _header(text) in COLUMNS)
    at, _ = header_row(sheet.rows, lambda text: _header(text) in COLUMNS)
    headers = [_header(cell) for cell in sheet.rows[at].cells]
    while headers and not headers[-1]:
        headers.pop()
    missing = [name for name in REQUIRED if name not in headers]
    if missing:
        raise ParseError(
            where,
            f"row {sheet.rows[at].number} lacks the column {', '.join(missing)}",
            f"A register of attestations has: {', '.join(COLUMNS)}.",
        )
    unknown = [header for header in headers if header and header not in COLUMNS]
    notes = [f"{where}: {note}" for note in sheet.notes]
    if unknown:
        notes.append(f"{where}: kolom tidak dikenal, tidak dibaca: {', '.join(unknown)}")
    columns = {name: headers.index(name) for name in COLUMNS if name in headers}
    rows = tuple(row for row in sheet.rows[at + 1 :] if not row.is_blank)
    return _Register(where, columns, len(headers), rows, tuple(notes))


def _header(text: str) -> str:
    return normalise_title(text).replace(" ", "")


def _parse(captures: Sequence[Capture]) -> Parsed:
    files = {file_name(capture): capture for capture in captures}
    registers: list[tuple[Capture, _Register]] = []
    unreadable: dict[str, ParseError] = {}
    for name, capture in files.items():
        if "/" in name or not name.lower().endswith(".csv"):
            continue
        try:
            registers.append((capture, _read_register(capture.payload, name)))
        except ParseError as error:
            unreadable[name] = error
    named = {safe_name(register.cell(row, "berkas")) for _, register in registers for row in register.rows}
    # A CSV that a register names is evidence; any other must be a register.
    for name, refusal in unreadable.items():
        if name not in named:
            raise refusal
    if not registers:
        raise ParseError(
            "attestations", "no register was captured", "Drop a CSV of attestations and collect again."
        )
    digests = {name: hashlib.sha256(capture.payload).hexdigest() for name, capture in files.items()}
    records: list[AttestationRecord] = []
    rejects: list[Reject] = []
    for capture, register in registers:
        for row in register.rows:
            found = _read_row(register, row, capture, files, digests)
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                records.append(found)
    kept, duplicates = without_exact_duplicates(records)
    notes = tuple(note for _, register in registers for note in register.notes)
    return Parsed("attestation", kept, tuple(rejects), duplicates, notes)


def _read_row(
    register: _Register,
    row: Row,
    capture: Capture,
    files: Mapping[str, Capture],
    digests: Mapping[str, str],
) -> AttestationRecord | Reject:
    if any(cell.strip() for cell in row.cells[register.width :]):
        problem = (
            f"baris bergeser: judul tabel hanya {register.width} kolom; beri tanda kutip pada sel berkoma"
        )
        return _reject(register, row, {f"nomor {len(row.cells)}": problem})
    problems: dict[str, str] = {}
    signed_on = _date(register, row, "tanggal", problems)
    expires_on = _date(register, row, "kedaluwarsa", problems)
    signer = _text(register.cell(row, "penandatangan"))
    instrument = register.cell(row, "instrumen").lower() or DEFAULT_INSTRUMENT
    criterion = _criterion(register.cell(row, "kriteria"))
    statement = normalise_title(register.cell(row, "pernyataan")).replace(" ", "_")
    name = safe_name(register.cell(row, "berkas"))
    digest = register.cell(row, "sha256").lower().removeprefix("sha256:")
    if signer is None:
        problems["penandatangan"] = "kosong"
    if not _INSTRUMENT.match(instrument):
        problems["instrumen"] = f"{instrument!r} bukan id instrumen"
    if not _CRITERION.match(criterion):
        problems["kriteria"] = f"{criterion!r} bukan kriteria; tulis seperti I13.3 atau I13.3.a"
    if statement not in STATEMENTS:
        problems["pernyataan"] = f"{statement!r} bukan salah satu dari {', '.join(STATEMENTS)}"
    if "tanggal" not in problems:
        if signed_on is None:
            problems["tanggal"] = "kosong"
        # One day of grace: captures are dated in UTC, signatures in local time.
        elif signed_on > (capture.captured_at + timedelta(days=1)).date():
            problems["tanggal"] = f"{signed_on} belum tiba saat berkas ini diambil"
    problems.update(_file_problems(register.cell(row, "berkas"), name, digest, digests))
    if problems or signer is None or signed_on is None or name is None:
        return _reject(register, row, problems)
    return AttestationRecord(
        instrument=instrument,
        criterion=criterion,
        statement=statement,
        signer=signer,
        signer_role=_text(register.cell(row, "jabatan")),
        signed_on=signed_on,
        scope=_text(register.cell(row, "cakupan")),
        file_name=name,
        sha256=digest,
        file_capture_id=files[name].capture_id,
        expires_on=expires_on,
        note=_text(register.cell(row, "catatan")),
        capture_id=capture.capture_id,
        position=row.number,
    )


def _file_problems(said: str, name: str | None, digest: str, digests: Mapping[str, str]) -> dict[str, str]:
    if not said:
        return {"berkas": "kosong"}
    if name is None:
        return {"berkas": f"{said!r} menunjuk ke luar folder"}
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


def _date(register: _Register, row: Row, header: str, problems: dict[str, str]) -> date | None:
    text = register.cell(row, header)
    try:
        return parse_date(text)
    except ValueError:
        problems[header] = f"{text!r} bukan tanggal"
        return None


def _text(cell: str) -> str | None:
    return None if is_nothing(cell) else clean_text(cell)


def _reject(register: _Register, row: Row, problems: Mapping[str, str]) -> Reject:
    reason = "; ".join(f"{header}: {problem}" for header, problem in problems.items())
    raw = " | ".join(mask(cell.strip()) for cell in row.cells)
    return Reject(f"{register.where}, baris {row.number}, kolom {', '.join(problems)}", reason, raw)
