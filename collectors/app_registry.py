"""Application registries: CSV, XLSX and JSON inventories, from a web address or a drop folder.

No national export format exists; what a column means is found by its header. Every row becomes a record or a
reject. A cell that its field cannot fully express is kept as typed in `extra`. Columns about persons are
dropped, and masked in rejects (UU 27/2022): only the archive has them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from collectors.application_names import AmbiguousNamesError, split_names
from collectors.block_pages import blocked_reason
from collectors.bodies import decode_body
from collectors.drop_folder import file_name, read_file, top_files
from collectors.evidence import (
    ApplicationRecord,
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
from collectors.json_table import is_json, read_json_table, total_pages
from collectors.personal_data import MASK, mask
from collectors.registry_columns import Layout, find_layout, is_known_header
from collectors.tables import Row, Sheet, read_tables
from collectors.web_address import Addresses, read_addresses

_LONGEST_TEXT = 10_000
SUFFIXES = (".csv", ".xlsx", ".json")
_REMARK_ROW = re.compile(
    r"^\W*(?:sumber|catatan|keterangan|ket|jumlah|total|mengetahui|dicetak|tanggal cetak|halaman)\b",
    re.IGNORECASE,
)
_GENERAL = frozenset({"umum", "pusat", "nasional"})
_SPECIAL = frozenset({"khusus", "daerah", "lokal"})
_KIND_WORDS = _GENERAL | _SPECIAL | {"aplikasi"}
_COLUMN_NUMBER = re.compile(r"^\(?\d{1,2}\)?$")


def fetch(source: Source, session: HttpSession) -> Iterator[Fetched]:
    """The registry's documents: what the address answers, or each file dropped at `path`, by name.

    Of a JSON source every page that it says there is (``pagination.total_page``, asked by ``page=``). Raises
    FetchError when the transfer fails, robots.txt forbids it, the status is an error (after yielding the
    page), pages repeat or are too many, or nothing was dropped.
    """
    if source.path is not None:
        folder, names = top_files(source.path, SUFFIXES)
        for name in names:
            yield read_file(folder, name, session.clock())
        return
    url = str(source.url)
    first = yield from _page(url, session)
    if source.format != "json":
        return
    try:
        pages = total_pages(decode_body(first), url)
    except ParseError:
        # Kept as it came; parsing says what is wrong with it.
        return
    if pages > source.max_pages:
        raise FetchError(url, "too_many_pages", f"says {pages} pages, more than max_pages {source.max_pages}")
    bodies = {first.body}
    for number in range(2, pages + 1):
        answer = yield from _page(_with_page(url, number), session)
        if answer.body in bodies:
            raise FetchError(answer.url, "loop", f"page {number} repeats an earlier one; check the address")
        bodies.add(answer.body)


def _page(url: str, session: HttpSession) -> Generator[Fetched, None, Fetched]:
    session.obey_robots(url)
    answer = session.get(url)
    yield from session.redirects
    yield answer
    if answer.status is not None and answer.status >= 400:
        raise FetchError(
            url, f"http_{answer.status}", f"answers {answer.status} {answer.reason}; check the address"
        )
    return answer


def _with_page(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "page"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("page", str(number))])))


def parse(captures: Sequence[Capture], source: Source) -> Parsed:
    """The applications in the captured files.

    Raises ParseError when a file cannot be read or holds no table with application names: the registry is
    then as it was, since a missing file would look like applications that are gone.
    """
    return _parse(captures, source.columns, source.values)


def parse_file(path: Path) -> Parsed:
    """The applications in one file on disk, read as if it were dropped. Raises ParseError, or FetchError."""
    fetched = read_file(path.parent, path.name, datetime.fromtimestamp(0, UTC))
    capture = Capture("", fetched.url, fetched.fetched_at, None, fetched.headers, "", fetched.body)
    return _parse((capture,), {}, {})


class _Notes:
    """What was noticed, by kind, with the rows it was noticed in."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._plain: list[str] = []

    def add(self, where: str, what: str, row: int) -> None:
        """One more row in which `what` holds."""
        self._rows[where, what].append(row)

    def say(self, text: str) -> None:
        """A note about a whole file."""
        self._plain.append(text)

    def lines(self) -> tuple[str, ...]:
        """One line per kind, with the first row numbers."""
        grouped = []
        for (where, what), rows in self._rows.items():
            numbers = ", ".join([*map(str, rows[:5]), *(["..."] if rows[5:] else [])])
            grouped.append(f"{where}: {what} pada {len(rows)} baris ({numbers})")
        return (*self._plain, *grouped)


@dataclass(frozen=True)
class _Table:
    """A sheet under its headers."""

    sheet: Sheet
    layout: Layout
    where: str
    capture_id: str


def _parse(
    captures: Sequence[Capture], columns: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> Parsed:
    notes = _Notes()
    records: list[ApplicationRecord] = []
    rejects: list[Reject] = []
    answers = [c for c in captures if c.status is None or not 300 <= c.status < 400]
    if not answers:
        raise ParseError("app_registry", "nothing was captured", "Collect the source again.")
    _require_all_pages(answers)
    for capture in answers:
        for table in _tables(capture, columns, notes):
            for row in _body(_with_words(table, values), notes):
                found = _records(table, row, notes)
                if isinstance(found, Reject):
                    rejects.append(found)
                else:
                    records.extend(found)
    kept, duplicates = without_exact_duplicates(records)
    return Parsed("application", kept, tuple(rejects), duplicates, notes.lines())


def _require_all_pages(answers: Sequence[Capture]) -> None:
    """Refuse a paged answer of which pages are missing: what they hold would look like gone."""
    paged = [c for c in answers if c.status == 200 and is_json(c.payload)]
    stated = max((total_pages(c.payload, file_name(c)) for c in paged), default=1)
    if stated > 1 and stated != len(paged):
        raise ParseError(
            file_name(paged[0]),
            f"says {stated} pages, {len(paged)} were captured",
            "Set `format: json` for the source, or collect it again.",
        )


def _with_words(table: _Table, values: Mapping[str, Mapping[str, str]]) -> _Table:
    """The table with codes replaced by the words that the source's entry gives for them, per header."""
    meant = {normalise_title(header): words for header, words in values.items()}
    words_of = {
        column: meant[normalise_title(header)]
        for column, header in enumerate(table.layout.headers)
        if normalise_title(header) in meant
    }
    if not words_of:
        return table
    rows = tuple(
        replace(
            row,
            cells=tuple(
                words_of[column].get(cell.strip(), cell) if column in words_of else cell
                for column, cell in enumerate(row.cells)
            ),
        )
        for row in table.sheet.rows
    )
    return replace(table, sheet=replace(table.sheet, rows=rows))


def _tables(capture: Capture, columns: Mapping[str, str], notes: _Notes) -> list[_Table]:
    where = file_name(capture)
    advice = "Open the address in a browser and correct the source."
    if capture.status is not None and capture.status != 200:
        raise ParseError(where, f"answered {capture.status}, which is no registry", advice)
    is_page = capture.payload.lstrip().startswith(b"<")
    if is_page and (reason := blocked_reason(capture.headers, capture.payload)) is not None:
        raise ParseError(where, reason, advice)
    tables: list[_Table] = []
    sheets = (
        (read_json_table(capture.payload, where),)
        if is_json(capture.payload)
        else read_tables(capture.payload, where, lambda text: is_known_header(columns, text))
    )
    for sheet in sheets:
        place = where if sheet.name is None else f"{where}, lembar {sheet.name}"
        for note in sheet.notes:
            notes.say(f"{where}: {note}")
        layout = find_layout(sheet, columns, where)
        if layout is not None:
            tables.append(_Table(sheet, layout, place, capture.capture_id))
        elif sheet.rows:
            notes.say(f"{place}: tanpa judul kolom nama aplikasi, tidak dibaca")
    if not tables:
        raise ParseError(
            where,
            "no table with a column of application names was found",
            "Name the column 'Nama Aplikasi', or map its header to `name` under `columns` of the source.",
        )
    return tables


def _body(table: _Table, notes: _Notes) -> Iterator[Row]:
    """The rows that may be applications: without blank rows, repeated headers, column numbers and remarks."""
    layout = table.layout
    name_column = layout.fields["name"]
    was_blank = False
    for index, row in enumerate(table.sheet.rows[layout.body :]):
        if row.is_blank:
            was_blank = True
            continue
        cells = tuple(cell.strip() for cell in row.cells)
        filled = [column for column, cell in enumerate(cells) if cell]
        lone = len({cells[column] for column in filled}) == 1 and layout.width > 2
        if layout.is_header(row.cells):
            notes.add(table.where, "judul tabel berulang, dilewati", row.number)
        elif index == 0 and len(filled) > 2 and all(_COLUMN_NUMBER.match(cells[column]) for column in filled):
            notes.add(table.where, "nomor kolom, dilewati", row.number)
        elif lone and (
            was_blank
            or row.number in table.sheet.across
            or name_column not in filled
            or _REMARK_ROW.match(cells[filled[0]])
        ):
            notes.add(table.where, "baris keterangan, dilewati", row.number)
        else:
            was_blank = False
            yield row


def _records(table: _Table, row: Row, notes: _Notes) -> list[ApplicationRecord] | Reject:
    layout = table.layout
    if (shift := _shift(layout, row)) is not None:
        return _reject(table, row, shift.column, shift.reason, shift)
    name_column = layout.fields["name"]
    said = _cell(layout, row, "name")
    addresses = read_addresses(_cell(layout, row, "url"))
    try:
        names = tuple(mask(name) for name in split_names(said, len(addresses.urls)))
    except AmbiguousNamesError as error:
        return _reject(table, row, name_column, f"{error}; tulis satu aplikasi per baris")
    if not names:
        reason = f"nama aplikasi berisi {said!r}: tidak ada aplikasi" if said else "tanpa nama aplikasi"
        return _reject(table, row, name_column, reason)
    if not all(normalise_title(name) for name in names):
        return _reject(table, row, name_column, "nama aplikasi tanpa huruf atau angka")
    urls = _pair(names, addresses)
    doubts: dict[str, str | None] = {"url": _address_doubt(urls, addresses)}
    if len(names) > 1:
        notes.add(table.where, f"{len(names)} aplikasi dalam satu sel, dipisahkan", row.number)
    kind, doubts["kind"] = _kind(_cell(layout, row, "kind"))
    status, doubts["status"] = _status(_cell(layout, row, "status"))
    is_integrated, doubts["is_integrated"] = _integrated(_cell(layout, row, "is_integrated"))
    started_on, doubts["started_on"] = _started(_cell(layout, row, "started_on"))
    extra = _extra(layout, row)
    for field, doubt in doubts.items():
        if doubt is not None:
            label = layout.label(layout.fields[field])
            notes.add(table.where, f"{label}: {doubt}", row.number)
            extra[label] = _text(row, layout.fields[field])
    agency = _plain(_cell(layout, row, "agency"))
    return [
        ApplicationRecord(
            application_key=f"{normalise_title(agency or '')}/{normalise_title(name)}",
            name=name,
            agency=agency,
            description=_plain(_cell(layout, row, "description")),
            url=url,
            kind=kind,
            status=status,
            is_integrated=is_integrated,
            started_on=started_on,
            extra=json.dumps(
                {k: v for k, v in extra.items() if not is_nothing(v)}, ensure_ascii=False, sort_keys=True
            ),
            capture_id=table.capture_id,
            position=row.number,
        )
        for name, url in zip(names, urls, strict=True)
    ]


def _pair(names: Sequence[str], addresses: Addresses) -> Sequence[str | None]:
    """An address for each name: one name gets the first, several get one each or none."""
    if len(names) == 1:
        return addresses.urls[:1] or (None,)
    return addresses.urls if len(addresses.urls) == len(names) else [None] * len(names)


def _address_doubt(urls: Sequence[str | None], addresses: Addresses) -> str | None:
    if addresses.problem is not None or not addresses.urls:
        return addresses.problem
    if urls[0] is None:
        return "alamat tidak dapat dipasangkan dengan aplikasi"
    if addresses.is_plain or len(urls) > 1:
        return None
    return "alamat lebih dari satu atau berketerangan, yang pertama dipakai"


def _kind(text: str) -> tuple[str, str | None]:
    """umum, khusus or tidak_diketahui; reference codes as in the national architecture (RAA.01 umum)."""
    words = set(normalise_title(text).split())
    code = re.match(r"^RAA\.?0?([12])\b", text.strip(), re.IGNORECASE)
    is_general = bool(words & _GENERAL) or (code is not None and code[1] == "1")
    is_special = bool(words & _SPECIAL) or (code is not None and code[1] == "2")
    if is_general != is_special:
        return ("umum" if is_general else "khusus"), None
    return "tidak_diketahui", None if is_nothing(text) else "jenis tidak dikenal"


def _status(text: str) -> tuple[str, str | None]:
    said = normalise_title(text)
    if re.match(r"^(?:(?:tidak|non|tak|belum) ?|n)aktif\b|^(?:tidak|belum)\b|^n$|^0$", said):
        return "tidak_aktif", None
    if re.match(r"^(?:masih )?(?:aktif|ya|digunakan|dipakai|beroperasi|operasional)\b|^y$|^1$", said):
        return "aktif", None
    return "tidak_diketahui", None if is_nothing(text) else "status tidak dikenal"


def _integrated(text: str) -> tuple[bool | None, str | None]:
    said = normalise_title(text)
    if re.match(r"^(?:belum|tidak|non)\b|^n$|^0$", said):
        return False, None
    if re.match(r"^(?:sudah|telah|ya|terintegrasi|ada)\b|^y$|^1$", said):
        return True, None
    return None, None if is_nothing(text) else "integrasi tidak dikenal"


def _started(text: str) -> tuple[date | None, str | None]:
    try:
        return parse_date(text), None
    except ValueError:
        # A bare year is no date; inventing a day would make it look like one.
        return None, "bukan tanggal"


class _Shift(NamedTuple):
    """A row whose cells do not stand under their headers: where it shows, why, and by how many columns."""

    column: int
    reason: str
    by: int


def _shift(layout: Layout, row: Row) -> _Shift | None:
    surplus = [column for column in range(layout.width, len(row.cells)) if row.cells[column].strip()]
    if surplus:
        reason = f"baris bergeser: ada isi di kolom {surplus[-1] + 1}, judul tabel hanya {layout.width} kolom"
        return _Shift(surplus[-1], f"{reason}; beri tanda kutip pada sel yang memuat pemisah kolom", 0)
    kind, status = _cell(layout, row, "kind"), _cell(layout, row, "status")
    kind_is_status = _kind(kind)[0] == "tidak_diketahui" and "aktif" in kind.lower()
    # Only the bare words: a status may well say where an application is used.
    status_is_kind = bool(words := set(normalise_title(status).split())) and words <= _KIND_WORDS
    for field, text, is_other in (("kind", kind, kind_is_status), ("status", status, status_is_kind)):
        if is_other or "://" in text:
            column = layout.fields[field]
            by = abs(column - layout.fields.get("status" if field == "kind" else "kind", column))
            reason = f"baris bergeser: kolom {layout.label(column)} berisi {mask(text)!r}"
            return _Shift(column, reason, max(by, 1))
    return None


def _reject(table: _Table, row: Row, column: int, reason: str, shift: _Shift | None = None) -> Reject:
    layout = table.layout
    # In a shifted row a person's name stands left or right of its column.
    hidden_from = min(layout.personal, default=len(row.cells)) - shift.by if shift else len(row.cells)
    shown = [
        f"{layout.label(at)}: {MASK if at in layout.personal or at >= hidden_from else mask(text.strip())}"
        for at, text in enumerate(row.cells)
        if text.strip()
    ]
    return Reject(
        f"{table.where}, baris {row.number}, kolom {layout.label(column)}",
        reason,
        " | ".join(shown)[:_LONGEST_TEXT],
    )


def _extra(layout: Layout, row: Row) -> dict[str, str]:
    """The other columns. In a row that ends early a person's name may stand left of its column."""
    missing = max(layout.width - len(row.cells), 0)
    safe_until = min(layout.personal, default=layout.width) - missing if missing else layout.width
    return {
        layout.label(column): _text(row, column)
        for column in layout.extra
        if column < safe_until or not layout.personal
    }


def _cell(layout: Layout, row: Row, field: str) -> str:
    column = layout.fields.get(field)
    return row.cells[column].strip() if column is not None and column < len(row.cells) else ""


def _text(row: Row, column: int) -> str:
    """A cell kept as typed, save for white space and personal numbers."""
    return mask(" ".join(row.cells[column].split())[:_LONGEST_TEXT]) if column < len(row.cells) else ""


def _plain(text: str) -> str | None:
    cleaned = clean_text(text)
    return None if cleaned is None else mask(cleaned[:_LONGEST_TEXT])
