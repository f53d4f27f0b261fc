"""Levels that somebody wrote down.

JSON `{"1": 3, ...}` or CSV `indicator,level` for indicators; JSON `{"aspects": {"1": "3.7", ...}}` or
`{"domains": {...}}` for values of aspects or domains.
"""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal


class LevelsFileError(Exception):
    """A levels file that cannot be used; the message names the file and the row."""


@dataclass(frozen=True)
class Given:
    """What a file gives: a level per indicator, or a value per aspect or domain."""

    scope: Literal["indicator", "aspect", "domain"]
    values: dict[str, Decimal]


def read_levels(path: Path) -> Given:
    """What the file gives. Raises LevelsFileError; ranges are the calculator's business."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LevelsFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LevelsFileError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    return _from_json(path, text) if text.lstrip().startswith("{") else _from_csv(path, text)


def _from_json(path: Path, text: str) -> Given:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise LevelsFileError(f"{path}: {', '.join(repeated)} is given more than once")
        return dict(pairs)

    try:
        data = json.loads(text, object_pairs_hook=unique, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise LevelsFileError(f"{path}, line {error.lineno}: not valid JSON ({error.msg})") from error
    for key, scope in (("aspects", "aspect"), ("domains", "domain")):
        if list(data) == [key] and isinstance(data[key], dict):
            return Given(scope, _numbers(path, data[key]))  # type: ignore[arg-type]
    return Given("indicator", _numbers(path, data))


def _numbers(path: Path, data: dict[str, object]) -> dict[str, Decimal]:
    return {name: _number(f"{path}, key {name}", value) for name, value in data.items()}


def _from_csv(path: Path, text: str) -> Given:
    rows = csv.DictReader(text.splitlines())
    if not {"indicator", "level"} <= set(rows.fieldnames or ()):
        raise LevelsFileError(f"{path}: the first line must name the columns indicator,level")
    found: dict[str, Decimal] = {}
    for number, row in enumerate(rows, start=2):
        name = (row["indicator"] or "").strip()
        if name in found:
            raise LevelsFileError(f"{path}, row {number}: indicator {name} is given more than once")
        found[name] = _number(f"{path}, row {number}", row["level"])
    return Given("indicator", found)


def _number(where: str, value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        with suppress(InvalidOperation):
            return Decimal(value.strip())
    raise LevelsFileError(f"{where}: {value!r} is not a number from 1 to 5")
