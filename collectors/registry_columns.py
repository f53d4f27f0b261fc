"""Which column of an application registry means what, found by its headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.evidence import ParseError
from collectors.indonesian import normalise_title
from collectors.personal_data import is_personal
from collectors.tables import HEADER_WITHIN, Sheet, header_row

ALIASES: Mapping[str, tuple[str, ...]] = {
    # Field: headers in normalised form, the best first: where two columns fit, the earlier alias wins and the
    # other column is kept in `extra`.
    "name": (
        "nama aplikasi", "nama sistem informasi", "nama sistem elektronik",
        "nama aplikasi sistem informasi", "nama sistem", "nama layanan", "judul aplikasi",
        "aplikasi", "nama",
    ),
    "agency": (
        "nama perangkat daerah", "perangkat daerah", "nama opd", "opd", "nama skpd", "skpd",
        "nama instansi", "instansi", "unit pengelola", "opd pengelola",
        "perangkat daerah pengelola", "unit kerja", "produsen", "kecamatan", "nama kecamatan",
    ),
    "description": (
        "deskripsi singkat aplikasi", "deskripsi aplikasi", "deskripsi singkat", "deskripsi",
        "fungsi aplikasi", "fungsi", "uraian", "kegunaan",
    ),
    "url": (
        "alamat domain link aplikasi", "alamat link aplikasi", "alamat link", "alamat url",
        "link aplikasi", "url aplikasi", "alamat aplikasi", "alamat website", "alamat domain",
        "nama domain", "url", "link", "tautan", "domain", "subdomain", "sub domain", "website",
        "alamat",
    ),
    "kind": (
        "jenis aplikasi", "kategori aplikasi", "jenis aplikasi umum khusus", "umum khusus", "jenis",
        "kategori", "raa level 2",
    ),
    "status": (
        "status aplikasi", "status operasional", "status penggunaan", "status aktif", "keaktifan",
        "status", "aktif",
    ),
    "is_integrated": (
        "status integrasi", "integrasi", "terintegrasi", "sudah terintegrasi", "interoperabilitas",
        "interoprabilitas",
    ),
    "started_on": (
        "tanggal mulai operasi", "tanggal mulai", "tanggal operasional", "tanggal rilis",
        "tanggal pembuatan", "mulai operasi", "mulai digunakan",
    ),
}  # fmt: skip
PERSONAL, IGNORED = "personal", "ignored"
_OVERRIDES = (*ALIASES, "extra", PERSONAL)
_ROW_NUMBER = ("no", "nomor", "no urut", "nomor urut")
_REMARK = re.compile(r"\([^()]*\)")
_FIELD_OF = {alias: (field, rank) for field, aliases in ALIASES.items() for rank, alias in enumerate(aliases)}


@dataclass(frozen=True)
class Layout:
    """Where a table's columns are, counted from 0.

    `fields` maps a record's field to its column; `extra` and `personal` are the other columns. `headers` is
    the text of each column's header, `rows` the header's rows as they stand in lower case, `body` the index
    of the first row below.
    """

    headers: tuple[str, ...]
    fields: Mapping[str, int]
    extra: tuple[int, ...]
    personal: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    body: int

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether a row repeats the header, as printed tables do on every page."""
        return any(tuple(cell.strip().lower() for cell in cells) == row for row in self.rows)

    @property
    def width(self) -> int:
        """How many columns the table has, up to the last that has a header."""
        return len(self.headers)

    def label(self, column: int) -> str:
        """A column's header for people, or its number where it has none."""
        header = self.headers[column] if column < self.width else ""
        return header or f"nomor {column + 1}"


def is_known_header(columns: Mapping[str, str], header: str) -> bool:
    """Whether a cell is a header of a registry, by alias, as a personal column, or as `columns` maps it."""
    return (
        _alias(header) is not None
        or is_personal(header)
        or normalise_title(header) in {normalise_title(known) for known in columns}
    )


def find_layout(sheet: Sheet, columns: Mapping[str, str], where: str) -> Layout | None:
    """The layout of a sheet, or None where its first rows hold no header with a column of application names.

    `columns` maps header texts to fields and goes before the aliases; ``extra`` keeps a column without
    reading it, ``personal`` drops it. Raises ParseError for a field that does not exist.
    """
    overrides = {normalise_title(header): field for header, field in columns.items()}
    for header, field in columns.items():
        if field not in _OVERRIDES:
            raise ParseError(
                where,
                f"`columns` maps {header!r} to {field!r}, which is no field",
                f"Use one of {', '.join(_OVERRIDES)}.",
            )
    at, known = header_row(sheet.rows, lambda text: is_known_header(columns, text))
    if known == 0:
        return None
    first, last = _header_rows(sheet, at, columns)
    stack = [sheet.rows[index].cells for index in range(first, last + 1)]
    width = max((i + 1 for cells in stack for i, cell in enumerate(cells) if cell.strip()), default=0)
    parts = [[cells[i].strip() if i < len(cells) else "" for cells in stack] for i in range(width)]
    meanings = [_meanings(texts, overrides) for texts in parts]
    rows = tuple(tuple(cell.strip().lower() for cell in cells) for cells in stack)
    layout = _assign(parts, meanings, rows, last + 1)
    # A single known header is a word in running text more often than a table.
    is_table = "name" in layout.fields and (known > 1 or width == 1 or bool(overrides))
    return layout if is_table else None


def _header_rows(sheet: Sheet, at: int, columns: Mapping[str, str]) -> tuple[int, int]:
    """First and last index of the header: merged cells reach up or down, or a second row names the parts."""
    first = last = at
    number = sheet.rows[at].number
    for top, bottom in sheet.merged_rows:
        if top <= number <= bottom and bottom - top < HEADER_WITHIN:
            first, last = min(first, at - (number - top)), max(last, at + (bottom - number))
    if first > 0 and _is_group_row(sheet, first - 1):
        first -= 1
    if last == at and last + 1 < len(sheet.rows):
        below = [cell for cell in sheet.rows[last + 1].cells if cell.strip()]
        known = sum(is_known_header(columns, cell) for cell in below)
        # One such word is a value ("Website"); several, and most of the row, are headers.
        if known >= 2 and known * 2 >= len(below):
            last += 1
    return max(first, 0), min(last, len(sheet.rows) - 1)


def _is_group_row(sheet: Sheet, index: int) -> bool:
    """Whether the row above the header names groups of columns: texts merged over some of the columns.

    A single text is a title more often than a group; only one about persons is taken for a group.
    """
    row, header = sheet.rows[index], sheet.rows[index + 1]
    texts = [cell for cell in row.cells if cell.strip()]
    if not any(top == row.number for top, _ in sheet.merged_rows) or len(set(texts)) == len(texts):
        return False
    covers_all = all(
        group.strip() for group, cell in zip(row.cells, header.cells, strict=False) if cell.strip()
    )
    return len(set(texts)) > 1 or (is_personal(texts[0]) and not covers_all)


def _meanings(texts: Sequence[str], overrides: Mapping[str, str]) -> tuple[str, int] | None:
    """A column's field (or PERSONAL, IGNORED) and how good the match is, 0 the best; None if unknown."""
    distinct = list(dict.fromkeys(text for text in texts if text))
    whole = " ".join(distinct)
    for text in (whole, *reversed(distinct)):
        if (field := overrides.get(normalise_title(text))) is not None:
            return None if field == "extra" else (field, -1)
    # A group's header counts: "Nama" under "Pengelola" is a person.
    if (alias := _alias(whole)) is not None:
        return alias
    if is_personal(whole):
        return PERSONAL, 0
    if normalise_title(whole) in _ROW_NUMBER:
        return IGNORED, 0
    return next((alias for text in reversed(distinct) if (alias := _alias(text)) is not None), None)


def _alias(header: str) -> tuple[str, int] | None:
    """The field of a header and the rank of its alias; remarks in brackets and numbering are overlooked."""
    bare = re.sub(r"^\d+ ", "", normalise_title(header))
    return _FIELD_OF.get(bare) or _FIELD_OF.get(
        re.sub(r"^\d+ ", "", normalise_title(_REMARK.sub(" ", header)))
    )


def _assign(
    parts: Sequence[Sequence[str]],
    meanings: Sequence[tuple[str, int] | None],
    rows: tuple[tuple[str, ...], ...],
    body: int,
) -> Layout:
    headers = tuple(" ".join(dict.fromkeys(text for text in texts if text)) for texts in parts)
    fields: dict[str, int] = {}
    for column, meaning in enumerate(meanings):
        if meaning is None or meaning[0] in (PERSONAL, IGNORED):
            continue
        field, rank = meaning
        holder = fields.get(field)
        held = meanings[holder] if holder is not None else None
        if held is None or rank < held[1]:
            fields[field] = column
    extra: list[int] = []
    personal: list[int] = []
    for column, meaning in enumerate(meanings):
        if column in fields.values() or (meaning is not None and meaning[0] == IGNORED):
            continue
        # "Nama" beside "Nama Aplikasi" is a person's; a column without header belongs to the one on its left.
        is_a_name = normalise_title(headers[column]) == "nama"
        continues = not headers[column] and column - 1 in personal
        is_person = meaning is not None and meaning[0] == PERSONAL
        (personal if is_person or is_a_name or continues else extra).append(column)
    return Layout(headers, fields, tuple(extra), tuple(personal), rows, body)
