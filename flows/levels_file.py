"""Levels that somebody wrote down: JSON `{"1": 3, ...}` or CSV `indicator,level`."""

from __future__ import annotations

import csv
import json
from pathlib import Path


class LevelsFileError(Exception):
    """A levels file that cannot be used; the message names the file and the row."""


def read_levels(path: Path) -> dict[str, int]:
    """Level by indicator number. Raises LevelsFileError; ranges are the calculator's business."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LevelsFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LevelsFileError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    return _from_json(path, text) if text.lstrip().startswith("{") else _from_csv(path, text)


def _from_json(path: Path, text: str) -> dict[str, int]:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise LevelsFileError(f"{path}: indicator {', '.join(repeated)} is given more than once")
        return dict(pairs)

    try:
        data = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise LevelsFileError(f"{path}, line {error.lineno}: not valid JSON ({error.msg})") from error
    return {name: _level(f"{path}, key {name}", value) for name, value in data.items()}


def _from_csv(path: Path, text: str) -> dict[str, int]:
    rows = csv.DictReader(text.splitlines())
    if not {"indicator", "level"} <= set(rows.fieldnames or ()):
        raise LevelsFileError(f"{path}: the first line must name the columns indicator,level")
    found: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        name = (row["indicator"] or "").strip()
        if name in found:
            raise LevelsFileError(f"{path}, row {number}: indicator {name} is given more than once")
        found[name] = _level(f"{path}, row {number}", (row["level"] or "").strip())
    return found


def _level(where: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit():
        return int(value)
    raise LevelsFileError(f"{where}: level {value!r} is not a whole number from 1 to 5")
