"""The workbook in which officers attest: how it is laid out, and reading it back row by row.

`flows.attestation_template` writes it. Each domain has a sheet: under the titles in row `HEADER_ROW` the
locked columns say what is asked, the columns after them are filled in. A hidden sheet keeps of each criterion
the digests of its locked cells, so that a statement is never taken for one about another text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collectors.evidence import ParseError
from collectors.tables import Row, Sheet, read_tables

HEADER_ROW = 3
SEAL_SHEET = "_pantau"
FORMAT = "pantau-atestasi-1"

LOCKED: Mapping[str, str] = {
    "kriteria": "Kode",
    "indikator": "Indikator",
    "tingkat": "Tingkat",
    "uraian": "Kriteria",
    "status": "Status saat ini",
    "alasan": "Alasan",
    "diminta": "Yang diminta",
    "pemilik": "Pemilik",
}
"""Columns that say what is asked, by key, with their titles."""
FILLED: Mapping[str, str] = {
    "pernyataan": "Pernyataan",
    "penandatangan": "Penandatangan",
    "jabatan": "Jabatan",
    "tanggal": "Tanggal tanda tangan",
    "cakupan": "Cakupan",
    "berkas": "Berkas bukti",
    "jenisdokumen": "Jenis dokumen",
    "berlakusejak": "Berlaku sejak",
    "kedaluwarsa": "Kedaluwarsa",
    "catatan": "Catatan",
}
"""Columns to fill in. The keys are the headers that a register in CSV has."""
NEEDED = ("pernyataan", "penandatangan", "jabatan", "tanggal", "cakupan", "berkas", "jenisdokumen")
"""What a row must have once anything is filled in."""
COMPLETE = "lengkap"
COLUMNS: Mapping[str, str] = {**LOCKED, **FILLED, COMPLETE: "Lengkap?"}

_LETTERS: Mapping[str, str] = {key: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n, key in enumerate(COLUMNS)}
_SEALED = ("indikator", "tingkat", "uraian")
_TAKE_A_NEW_ONE = "Make a new one with pantau attest template and copy the filled cells over."


def letter(key: str) -> str:
    """The letter of a column; what has no column of its own is said of the code."""
    return _LETTERS.get(key, "A")


def seal(text: str) -> str:
    """The digest that the hidden sheet keeps of a locked cell; white space does not count."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


@dataclass(frozen=True)
class FilledRow:
    """A row in which something is filled in: its cells by column, and which locked ones were changed."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    changed: tuple[str, ...]

    def at(self, keys: Sequence[str]) -> str:
        """The cells of these columns, as ``Domain 2!I14, J14``."""
        return f"{self.sheet}!" + ", ".join(f"{letter(key)}{self.number}" for key in keys)


@dataclass(frozen=True)
class Workbook:
    """What a workbook says: about whom, by which instrument, and the rows that are filled in.

    `id` is that of the template it came from: two workbooks with one id are versions of each other.
    """

    id: str
    institution: str
    instrument: str
    rows: tuple[FilledRow, ...]


def seal_rows(
    workbook_id: str,
    institution: str,
    instrument: str,
    sheets: Sequence[str],
    criteria: Sequence[tuple[str, str, str, str]],
) -> Iterator[tuple[str, ...]]:
    """The rows of the hidden sheet. `criteria` are code, indicator, level, text as their cells show them."""
    yield (FORMAT, workbook_id, institution, instrument, *sheets)
    for criterion, *texts in criteria:
        yield (criterion, *map(seal, texts))


def read_workbook(payload: bytes, where: str) -> Workbook | None:
    """The filled rows of a workbook, or None where an XLSX is no workbook of attestations.

    Raises ParseError when it cannot be read, or its sheets, titles or hidden sheet were changed.
    """
    sheets = {sheet.name: sheet for sheet in read_tables(payload, where, bool, hidden=(SEAL_SHEET,))}
    sealed = sheets.get(SEAL_SHEET)
    if sealed is None:
        return None
    head = [cell for cell in sealed.rows[0].cells if cell] if sealed.rows else []
    if len(head) < 5 or head[0] != FORMAT:
        raise ParseError(where, f"its hidden sheet {SEAL_SHEET} was changed", _TAKE_A_NEW_ONE)
    seals = {row.cells[0]: row.cells[1:4] for row in sealed.rows[1:] if len(row.cells) >= 4}
    rows: list[FilledRow] = []
    for name in head[4:]:
        sheet = sheets.get(name)
        if sheet is None or not sheet.rows:
            raise ParseError(where, f"the sheet {name!r} is missing or hidden", _TAKE_A_NEW_ONE)
        _check_titles(sheet, where)
        rows.extend(_filled_rows(sheet, seals))
    return Workbook(head[1], head[2], head[3], tuple(rows))


def _check_titles(sheet: Sheet, where: str) -> None:
    titles = sheet.rows[HEADER_ROW - 1].cells if len(sheet.rows) >= HEADER_ROW else ()
    for column, (key, title) in enumerate(COLUMNS.items()):
        if column >= len(titles) or titles[column].strip() != title:
            raise ParseError(
                where,
                f"{sheet.name}!{letter(key)}{HEADER_ROW} is not {title!r}: the columns were changed",
                _TAKE_A_NEW_ONE,
            )


def _filled_rows(sheet: Sheet, seals: Mapping[str, Sequence[str]]) -> Iterator[FilledRow]:
    for row in sheet.rows[HEADER_ROW:]:
        cells = _cells(row)
        if any(cells[key] for key in FILLED):
            yield FilledRow(sheet.name or "", row.number, cells, tuple(_changed(cells, seals)))


def _cells(row: Row) -> dict[str, str]:
    padded = [*row.cells, *[""] * len(COLUMNS)]
    return {key: padded[column].strip() for column, key in enumerate(COLUMNS)}


def _changed(cells: Mapping[str, str], seals: Mapping[str, Sequence[str]]) -> Iterator[str]:
    here = [seal(cells[key]) for key in _SEALED]
    kept = seals.get(cells["kriteria"])
    if kept is None or (here != list(kept) and here in [list(other) for other in seals.values()]):
        # The text is that of another criterion: the code is what was changed.
        yield "kriteria"
        return
    yield from (key for key, now, before in zip(_SEALED, here, kept, strict=True) if now != before)
