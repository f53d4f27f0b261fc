"""CSV and XLSX as people export them, read into rows of text with the row numbers a spreadsheet shows."""

from __future__ import annotations

import csv
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from collectors.evidence import ParseError
from collectors.plain_text import plain_lines

DELIMITERS = (";", ",", "\t", "|")
HEADER_WITHIN = 20
"""The header stands within this many rows; titles and logos above it are common."""
MAX_UNPACKED_BYTES = 128 * 1024 * 1024
MAX_CELLS = 2_000_000
"""Calamine lays a sheet out as a full rectangle: one cell in the last corner would take all memory."""

_SPLIT = "Save only the registry as a new XLSX, or as CSV."
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip
"""What zipfile raises for hostile or broken archives; found by mutating real ones."""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["']""")
_SHARED_INDEX = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>\s*(\d{1,9})\s*<""")
_TAG = re.compile(rb"""<(?:\w+:)?(row|c)(?=[\s/>])([^>]*)""")
_PLACE = re.compile(rb"""(?:^|\s)r\s*=\s*["']([^"']*)["']""")
_REFERENCE = re.compile(rb"([A-Za-z]{0,3})(\d{1,7})")

IsHeader = Callable[[str], bool]
"""Whether a header cell is one the collector knows."""


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet shows it (from 1) and its cells as text."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether no cell holds anything."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """The rows of one CSV (`name` is None) or of one sheet, merged cells filled with their value.

    `merged_rows` are first and last row number of each merged range; `across` the rows that consist of one
    cell merged over several columns: titles, sections, notes.
    """

    name: str | None
    rows: tuple[Row, ...]
    delimiter: str | None = None
    merged_rows: tuple[tuple[int, int], ...] = ()
    across: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def header_row(rows: Sequence[Row], is_header: IsHeader) -> tuple[int, int]:
    """Index of the row with the most known headers among the first rows, and how many it has."""
    best = (0, 0)
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        known = len({cell.strip() for cell in row.cells if cell.strip() and is_header(cell)})
        if known > best[1]:
            best = (index, known)
    return best


def read_tables(
    payload: bytes, where: str, is_header: IsHeader, *, hidden: Collection[str] = ()
) -> tuple[Sheet, ...]:
    """The tables of a file: one for a CSV, one per visible sheet for an XLSX. What it is, its bytes tell.

    Hidden sheets are left out, save those named in `hidden`.
    Raises ParseError for an empty file, a web page, another format, or a file that is damaged or too large.
    """
    if not payload.strip():
        raise ParseError(
            where, "the file is empty", "Export the registry again and check the file before dropping it."
        )
    if payload.startswith(_ZIP):
        return _read_xlsx(payload, where, hidden)
    if payload.startswith(_OLE):
        raise ParseError(
            where, "is an old .xls or a password-protected workbook", "Save it as .xlsx without a password."
        )
    start = payload[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<script", b"<head")):
        raise ParseError(
            where,
            "is a web page, not a CSV or XLSX",
            "Open the address in a browser: it may ask for a login or be blocked.",
        )
    if start.startswith((b"%pdf", b"{", b"[")):
        raise ParseError(where, "is PDF or JSON, not a CSV or XLSX", "Export the registry as CSV or XLSX.")
    if where.lower().endswith(".xlsx"):
        raise ParseError(
            where, "is named .xlsx but is no XLSX (no zip archive)", "Save it again as XLSX, or as CSV."
        )
    return (read_csv(payload, where, is_header),)


def read_csv(payload: bytes, where: str, is_header: IsHeader) -> Sheet:
    """A CSV's rows. The delimiter is the one that shows the most known headers.

    Raises ParseError when no delimiter shows any, or when a quote is never closed.
    """
    text, notes = _decode(payload)
    text = text.replace("\x00", "")
    declared = re.match(r"sep=(.)\r?\n", text)
    candidates = (declared[1],) if declared else DELIMITERS
    best, most = None, 0
    for delimiter in candidates:
        _, known = header_row(_first_rows(text, delimiter), is_header)
        if known > most:
            best, most = delimiter, known
    if best is None:
        first = next((line for line in text.splitlines() if line.strip()), "")
        raise ParseError(
            where,
            f"no header row in the first {HEADER_WITHIN} rows; it begins with {first[:120]!r}",
            "Give the table a header row, or map its headers under `columns` of the source.",
        )
    return Sheet(None, _rows(text, best, where), delimiter=best, notes=notes)


def _decode(payload: bytes) -> tuple[str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if payload.startswith(bom):
            return payload.decode(encoding, errors="replace"), ()
    try:
        return payload.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        note = f"bukan UTF-8 (byte {error.start}); dibaca sebagai Windows-1252"
    try:
        return payload.decode("cp1252"), (note,)
    except UnicodeDecodeError:
        return payload.decode("latin-1"), ("bukan UTF-8 atau Windows-1252; dibaca sebagai Latin-1",)


def _first_rows(text: str, delimiter: str) -> tuple[Row, ...]:
    """The rows a header can be in, read leniently: with the wrong delimiter quotes make no sense."""
    rows: list[Row] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(Row(len(rows) + 1, tuple(map(plain_lines, cells))))
            if len(rows) == HEADER_WITHIN:
                break
    except csv.Error:
        return tuple(rows)
    return tuple(rows)


def _rows(text: str, delimiter: str, where: str) -> tuple[Row, ...]:
    rows: list[Row] = []
    current: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            current.append(line)
            yield line

    line_number, cells_seen = 1, 0
    try:
        for cells in csv.reader(lines(), delimiter=delimiter):
            cells_seen += max(len(cells), 1)
            if cells_seen > MAX_CELLS:
                raise ParseError(where, f"has more than {MAX_CELLS} cells", _SPLIT)
            rows.append(Row(len(rows) + 1, tuple(map(plain_lines, cells))))
            if len(current) > 1:
                # A quote without its end runs on to the next quote, over whole rows; the strict reader
                # sees it.
                list(csv.reader(io.StringIO("".join(current), newline=""), delimiter=delimiter, strict=True))
            line_number += len(current)
            current.clear()
    except csv.Error as error:
        raise ParseError(
            where,
            f"the quotes in row {max(len(rows), 1)} (line {line_number}) do not match ({error})",
            "Close or remove the quote there: rows after it would be taken into one cell.",
        ) from error
    return tuple(rows)


def _read_xlsx(payload: bytes, where: str, hidden: Collection[str]) -> tuple[Sheet, ...]:
    _check_archive(payload, where)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(payload)) as book:
            kinds = {meta.name: meta for meta in book.sheets_metadata}
            sheets = []
            for name in book.sheet_names:
                if kinds[name].typ != SheetTypeEnum.WorkSheet:
                    continue
                if kinds[name].visible != SheetVisibleEnum.Visible and name not in hidden:
                    sheets.append(Sheet(name, (), notes=(f"lembar {name!r} tersembunyi, tidak dibaca",)))
                    continue
                sheets.append(_sheet(book.get_sheet_by_name(name), name))
            return tuple(sheets)
    except CalamineError as error:
        raise ParseError(
            where, f"is no XLSX that can be read ({error})", "Save it again as XLSX, or as CSV."
        ) from error


def _check_archive(payload: bytes, where: str) -> None:
    """Refuse damaged zips, and those that unpack into more than can be handled, before reading any sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_UNPACKED_BYTES:
                raise ParseError(where, f"unpacks to {size} bytes, more than {MAX_UNPACKED_BYTES}", _SPLIT)
            # Reading every member proves the declared sizes and checksums.
            parts = [archive.read(member) for member in archive.infolist()]
    except _DAMAGED as error:
        raise ParseError(where, f"is a damaged zip ({error}), no XLSX", _SPLIT) from error
    # Sheets and shared texts may lie anywhere in the archive, so every part is looked at.
    for part in parts:
        _check_places(part, where)
    length = max(_repeated_text(part, parts) for part in parts) if parts else 0
    if length > MAX_UNPACKED_BYTES:
        raise ParseError(where, f"repeats texts up to {length} bytes, more than {MAX_UNPACKED_BYTES}", _SPLIT)


def _check_places(sheet_xml: bytes, where: str) -> None:
    """Refuse a sheet whose cells span too large a rectangle, or stand at impossible places.

    Calamine would ask for the memory of the whole rectangle, and the process would end there.
    """
    row = column = last_row = last_column = 0
    for tag in _TAG.finditer(sheet_xml):
        is_row = tag[1] == b"row"
        place = _PLACE.search(tag[2])
        # A row or cell that does not say where it is comes after the one before.
        row, column = (row + 1, 0) if is_row else (row, column + 1)
        if place is not None:
            reference = _REFERENCE.fullmatch(place[1])
            if reference is None:
                raise ParseError(where, f"has a cell at the impossible place {place[1][:40]!r}", _SPLIT)
            row = int(reference[2])
            column = 0
            for letter in reference[1].upper():
                column = column * 26 + letter - 64
        last_row, last_column = max(last_row, row), max(last_column, column)
        if last_row * last_column > MAX_CELLS:
            raise ParseError(where, f"has a sheet of more than {MAX_CELLS} cells", _SPLIT)


def _repeated_text(texts: bytes, sheets: Sequence[bytes]) -> int:
    """Bytes of all texts in cells, at most: a workbook keeps each once, and reading copies it per cell.

    Zero where `texts` is no list of shared texts.
    """
    lengths = [len(part) for part in texts.split(b"</si>")]
    if len(lengths) == 1:
        return 0
    uses = sum(len(_SHARED.findall(content)) for content in sheets)
    most = uses * max(lengths)
    if most <= MAX_UNPACKED_BYTES:
        return most
    indexes = [int(index) for content in sheets for index in _SHARED_INDEX.findall(content)]
    if len(indexes) < uses:
        return most
    return sum(lengths[index] for index in indexes if index < len(lengths))


def _sheet(sheet: CalamineSheet, name: str) -> Sheet:
    grid = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    width = max((len(row) for row in grid), default=0)
    spans: list[tuple[int, int]] = []
    across: set[int] = set()
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        if top >= len(grid) or left >= width:
            continue
        value = grid[top][left]
        spans.append((top + 1, min(bottom, len(grid) - 1) + 1))
        if right > left and not any(cell for i, cell in enumerate(grid[top]) if not left <= i <= right):
            across.add(top + 1)
        for row in grid[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
    rows = tuple(Row(number, tuple(cells)) for number, cells in enumerate(grid, start=1))
    return Sheet(name, rows, merged_rows=tuple(spans), across=frozenset(across))


def _text(value: Any) -> str:
    """A cell as a person sees it, dates in ISO form, whole numbers without the ".0" that Excel stores."""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return plain_lines(str(value))
