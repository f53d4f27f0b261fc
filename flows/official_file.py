"""Official results that somebody wrote down, as CSV: one value a row, read strictly."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from transforms.backtest import SCOPES, OfficialValue
from transforms.instrument import Instrument, InstrumentError, load_instrument

COLUMNS = ("institution", "instrument", "year", "as_of", "scope", "code", "value")
OPTIONAL = ("source",)


class OfficialFileError(Exception):
    """A file of official results that cannot be used; the message names file, row and column."""


def read_official(path: Path) -> tuple[tuple[OfficialValue, ...], Mapping[str, Instrument]]:
    """The rows of the file, and the instruments they name. Raises OfficialFileError, a line per problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise OfficialFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise OfficialFileError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[OfficialValue] = []
    problems: list[str] = []
    seen: dict[tuple[object, ...], int] = {}
    instruments: dict[str, Instrument] = {}
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            row = reader.line_num
            if len(cells) != len(header):
                problems.append(f"row {row}: has {len(cells)} cells, the first line names {len(header)}")
                continue
            given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            value = _value(row, given, instruments, problems)
            if value is None:
                continue
            key = (
                value.institution,
                value.instrument,
                value.year,
                value.as_of.isoformat(),
                value.scope,
                value.code,
            )
            if key in seen:
                problems.append(f"row {row}: says the same as row {seen[key]} again")
            seen.setdefault(key, row)
            found.append(value)
    except csv.Error as error:
        raise OfficialFileError(f"{path}, row {reader.line_num}: not valid CSV ({error})") from error
    if problems:
        raise OfficialFileError("\n".join(f"{path}, {problem}" for problem in problems))
    if not found:
        raise OfficialFileError(f"{path}: has no rows below the first line")
    return tuple(found), instruments


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in (*COLUMNS, *OPTIONAL)]
    repeated = sorted({name for name in header if header.count(name) > 1})
    said = [
        *([f"is missing {', '.join(missing)}"] if missing else []),
        *([f"has unknown columns {', '.join(map(repr, unknown))}"] if unknown else []),
        *([f"names {', '.join(repeated)} more than once"] if repeated else []),
    ]
    if said:
        raise OfficialFileError(
            f"{path}, row 1: {'; '.join(said)}; the columns are {','.join(COLUMNS)}, separated by commas"
        )


def _value(
    row: int, given: Mapping[str, str], instruments: dict[str, Instrument], problems: list[str]
) -> OfficialValue | None:
    before = len(problems)

    def wrong(column: str, why: str) -> None:
        problems.append(f"row {row}, column {column}: {given[column][:40]!r} {why}")

    name, scope, code = given["instrument"], given["scope"], given["code"]
    if not given["institution"]:
        wrong("institution", "is empty; write the institution's id")
    if name not in instruments:
        try:
            instruments[name] = load_instrument(name)
        except InstrumentError:
            wrong("instrument", "is no instrument; write spbe-2020")
    year = int(given["year"]) if re.fullmatch(r"20[0-9]{2}", given["year"]) else 0
    if year == 0:
        wrong("year", "is not a year; write 2024")
    as_of = _moment(given["as_of"])
    if as_of is None:
        wrong("as_of", "is no date; write 2024-10-31, or a moment with its offset")
    value = Decimal(given["value"]) if re.fullmatch(r"[1-5](\.[0-9]{1,6})?", given["value"]) else None
    if value is None or value > 5:
        wrong("value", "is not a number from 1 to 5; write 3.98")
    if scope not in SCOPES:
        wrong("scope", f"is none of {', '.join(SCOPES)}")
    elif name in instruments:
        norm = instruments[name]
        if scope == "index" and code in ("", "indeks"):
            code = "indeks"
        elif code not in _codes(norm, scope):
            wrong("code", f"is no {scope} of {name}")
        elif scope == "indicator" and norm.scale == "whole" and value is not None and value % 1:
            wrong("value", f"is no level; levels of {name} are whole")
    if len(problems) > before or as_of is None or value is None:
        return None
    return OfficialValue(row, given["institution"], name, year, as_of, scope, code, value)  # type: ignore[arg-type]


def _codes(norm: Instrument, scope: str) -> set[str]:
    match scope:
        case "domain":
            return {domain.number for domain in norm.domains}
        case "aspect":
            return {aspect.number for aspect in norm.aspects}
        case "indicator":
            return {indicator.number for indicator in norm.indicators}
    return set()


def _moment(text: str) -> date | datetime | None:
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
