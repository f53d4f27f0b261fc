"""Exports of the views of a published copy: CSV, XLSX, Parquet, JSON, each written whole or not at all.

What comes from outside is text in them and never a formula; numbers, dates and truth values keep their types.
Rows are read and written in parts, so that a large view takes no more memory than a small one.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import duckdb

from collectors.plain_text import spreadsheet_text

Format = Literal["csv", "xlsx", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
XLSX_ROWS = 1_048_575
"""So many rows fit on a sheet below its heading; what is more goes onto further sheets."""
XLSX_CELL = 32_767
_PART = 5000
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_EXACT_IN_DOUBLE = Decimal(2**53)


class ExportError(Exception):
    """Something cannot be exported; the message says what, and what there is instead."""


@dataclass(frozen=True)
class Exported:
    """One file: of which view, where, and how many rows."""

    mart: str
    path: Path
    rows: int


def mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The views of a published copy, without `mart.` in front."""
    found = connection.execute(
        "SELECT view_name FROM duckdb_views() "
        "WHERE schema_name = 'mart' AND database_name = current_database() ORDER BY view_name"
    ).fetchall()
    return [name for (name,) in found]


def export(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[str], kind: Format, folder: Path
) -> Iterator[Exported]:
    """Write each of the views (all where none is named) as `<view>.<kind>` into a folder, which is made.

    Raises ExportError for a view that there is not, before anything is written, and for a folder that cannot
    be written to.
    """
    known = mart_names(connection)
    wanted = [name.removeprefix("mart.") for name in marts] or known
    if unknown := [name for name in wanted if name not in known]:
        raise ExportError(f"there is no view {', '.join(unknown)}; there are: {', '.join(known)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in dict.fromkeys(wanted):
            target = folder / f"{name}.{kind}"
            beside = folder / f".{name}.{kind}.{os.getpid()}"
            try:
                rows = _WRITERS[kind](connection, name, beside)
                beside.replace(target)
            finally:
                beside.unlink(missing_ok=True)
            yield Exported(name, target, rows)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written ({error.strerror})") from error


def _opened(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    cursor = connection.execute(f'SELECT * FROM mart."{name}"')
    names = [column[0] for column in cursor.description]

    def rows() -> Iterator[tuple[Any, ...]]:
        while part := cursor.fetchmany(_PART):
            yield from part

    return names, rows()


def _write_csv(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    names, rows = _opened(connection, name)
    count = 0
    # Excel takes a file with a mark for UTF-8, whatever language it speaks.
    with path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow([_csv_cell(value) for value in row])
            count += 1
    return count


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return format(value, "f") if isinstance(value, Decimal) else str(value)
        case float():
            return repr(value)
        case str():
            return spreadsheet_text(value)
    return spreadsheet_text(_as_text(value))


def _write_json(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    names, rows = _opened(connection, name)
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace") as out:
        for row in rows:
            # One object a line; a decimal is text, as a JSON number would be read as a binary fraction.
            document = {key: _json_value(value) for key, value in zip(names, row, strict=True)}
            out.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _json_value(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return format(value, "f")
        case list() | tuple():
            return [_json_value(item) for item in value]
        case dict():
            return {str(key): _json_value(item) for key, item in value.items()}
    return _as_text(value)


def _as_text(value: Any) -> str:
    match value:
        case datetime() as moment:
            return (moment.astimezone(UTC) if moment.tzinfo else moment).isoformat()
        case date() as day:
            return day.isoformat()
        case timedelta() as span:
            return f"PT{span.total_seconds():g}S"
        case list() | tuple() | dict():
            return json.dumps(_json_value(value), ensure_ascii=False)
    return str(value)


def _write_parquet(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    quoted = str(path).replace("'", "''")
    written = connection.execute(
        f"COPY (SELECT * FROM mart.\"{name}\") TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(written[0]) if written else 0


def _write_xlsx(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    names, rows = _opened(connection, name)
    book = Workbook(write_only=True)
    bold = Font(bold=True)

    def sheet() -> Any:
        made = book.create_sheet(f"{name[:25]}{f' {len(book.worksheets) + 1}' if book.worksheets else ''}")
        made.freeze_panes = "A2"
        headings = []
        for heading in names:
            cell = WriteOnlyCell(made, value=heading)
            cell.font = bold
            headings.append(cell)
        made.append(headings)
        return made

    current, count = sheet(), 0
    for row in rows:
        if count and count % XLSX_ROWS == 0:
            current = sheet()
        current.append([_xlsx_cell(current, value) for value in row])
        count += 1
    book.save(path)
    return count


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    match value:
        case None | bool() | date() if not isinstance(value, datetime):
            return value
        case int() | float() | Decimal() if _is_exact(value):
            return value
        case datetime() as moment:
            # Workbooks know no time zones: moments are in UTC, as the copy gives them.
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    text = value if isinstance(value, str) else _as_text(value)
    cell = WriteOnlyCell(sheet, value=_NOT_IN_XML.sub("\ufffd", spreadsheet_text(text))[:XLSX_CELL])
    cell.data_type = "s"
    return cell


def _is_exact(value: float | Decimal) -> bool:
    """Whether a workbook, which keeps binary fractions of 15 digits, shows this very number."""
    match value:
        case float():
            return math.isfinite(value)
        case Decimal():
            return len(value.normalize().as_tuple().digits) <= 15
    return abs(value) < _EXACT_IN_DOUBLE


_WRITERS: dict[Format, Callable[[duckdb.DuckDBPyConnection, str, Path], int]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
}
