"""The register of attestations that is a table in CSV: its columns and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.evidence import ParseError
from collectors.indonesian import normalise_title
from collectors.tables import Row, Sheet, header_row, read_csv

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
    "jenisdokumen": "document_kind",
    "berlakusejak": "effective_on",
}
REQUIRED = ("kriteria", "pernyataan", "penandatangan", "tanggal", "berkas", "sha256")


@dataclass(frozen=True)
class Register:
    """The rows of a register below its header; `columns` maps each known header to its column."""

    where: str
    columns: Mapping[str, int]
    width: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def cell(self, row: Row, header: str) -> str:
        """What stands under a header; empty where the register does not have it."""
        column = self.columns.get(header)
        return row.cells[column].strip() if column is not None and column < len(row.cells) else ""


def read_register(payload: bytes, where: str) -> Register:
    """A register's rows. Raises ParseError when it cannot be read or lacks a required column."""
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
    return Register(where, columns, len(headers), rows, tuple(notes))


def _header(text: str) -> str:
    return normalise_title(text).replace(" ", "")
