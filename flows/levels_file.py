"""Levels that somebody wrote down, of one institution or of many.

JSON `{"1": 3, ...}` or CSV `indicator,level` for indicators (also written `I1` or `I01`); JSON
`{"aspects": {"1": "3.7", ...}}` or `{"domains": {...}}` for values of aspects or domains. Of many
institutions: JSON `{"kota-a": {"1": 3, ...}, ...}`, each in one of these forms, or CSV with the columns
`institution,1,2,...`, a row each.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal


class LevelsFileError(Exception):
    """A levels file that cannot be used; the message names the file and the row."""


@dataclass(frozen=True)
class Given:
    """What a file gives: a level per indicator, or a value per aspect or domain."""

    scope: Literal["indicator", "aspect", "domain"]
    values: dict[str, Decimal]


@dataclass(frozen=True)
class ManyGiven:
    """What a file gives for many institutions, in its order."""

    by_institution: dict[str, Given]


def read_levels(path: Path) -> Given | ManyGiven:
    """What the file gives. Raises LevelsFileError; ranges are the calculator's business."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LevelsFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LevelsFileError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    return _from_json(path, text) if text.lstrip().startswith("{") else _from_csv(path, text)


def _from_json(path: Path, text: str) -> Given | ManyGiven:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise LevelsFileError(f"{path}: {', '.join(repeated)} is given more than once")
        return found

    try:
        data = json.loads(text, object_pairs_hook=unique, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise LevelsFileError(f"{path}, line {error.lineno}: not valid JSON ({error.msg})") from error
    one = _scoped(str(path), data)
    if one is not None:
        return one
    if data and all(isinstance(value, dict) for value in data.values()):
        return ManyGiven({name: _given(f"{path}, {name}", value) for name, value in data.items()})
    return _given(str(path), data)


def _scoped(where: str, data: dict[str, Any]) -> Given | None:
    """Values of aspects or domains, where the data says that it holds those."""
    scopes: Mapping[str, Literal["aspect", "domain"]] = {"aspects": "aspect", "domains": "domain"}
    for key, scope in scopes.items():
        if list(data) == [key] and isinstance(data[key], dict):
            return Given(scope, {n: _number(f"{where}, key {n}", v) for n, v in data[key].items()})
    return None


def _given(where: str, data: dict[str, Any]) -> Given:
    scoped = _scoped(where, data)
    if scoped is not None:
        return scoped
    found: dict[str, Decimal] = {}
    for name, value in data.items():
        number = indicator_number(name)
        if number in found:
            raise LevelsFileError(f"{where}: indicator {number} is given more than once")
        found[number] = _number(f"{where}, key {name}", value)
    return Given("indicator", found)


def indicator_number(name: str) -> str:
    """The number of an indicator written ``8``, ``I8`` or ``I08``; anything else is left as it is."""
    match = re.fullmatch(r"[Ii]0*([1-9]\d*)", name.strip())
    return match[1] if match else name.strip()


def _from_csv(path: Path, text: str) -> Given | ManyGiven:
    rows = csv.DictReader(text.splitlines())
    columns = set(rows.fieldnames or ())
    if "institution" in columns:
        return _many_from_csv(path, rows)
    if not {"indicator", "level"} <= columns:
        raise LevelsFileError(
            f"{path}: the first line must name the columns indicator,level or institution,1,2,..."
        )
    found: dict[str, Decimal] = {}
    for number, row in enumerate(rows, start=2):
        name = indicator_number(row["indicator"] or "")
        if name in found:
            raise LevelsFileError(f"{path}, row {number}: indicator {name} is given more than once")
        found[name] = _number(f"{path}, row {number}", row["level"])
    return Given("indicator", found)


def _many_from_csv(path: Path, rows: csv.DictReader[str]) -> ManyGiven:
    fields = list(rows.fieldnames or ())
    if len(set(fields)) < len(fields):
        raise LevelsFileError(f"{path}: a column is named more than once")
    found: dict[str, Given] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{path}, row {number}"
        if None in row or None in row.values():
            raise LevelsFileError(f"{where}: has not as many columns as the first line")
        name = row.pop("institution").strip()
        if not name or name in found:
            raise LevelsFileError(f"{where}: institution {name!r} is {'repeated' if name else 'not named'}")
        found[name] = _given(where, row)
    return ManyGiven(found)


def _number(where: str, value: object) -> Decimal:
    number = value
    if isinstance(value, str):
        with suppress(InvalidOperation):
            number = Decimal(value.strip())
    if isinstance(number, Decimal) and number.is_finite():
        return number
    raise LevelsFileError(f"{where}: {value!r} is not a number from 1 to 5")
