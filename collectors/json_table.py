"""JSON registries as tables: a list of objects, bare or wrapped, one page or several.

Keys are headers, as in a spreadsheet, so that the same aliases find the same fields. Objects inside objects
become columns named after both; lists of texts one cell.
"""

from __future__ import annotations

import json
import re
from typing import Any

from collectors.evidence import ParseError
from collectors.plain_text import plain_lines
from collectors.tables import MAX_CELLS, Row, Sheet

_LISTS = ("data", "result", "results", "rows", "items", "records")
_DEPTH = 3
_ADVICE = "Open the address in a browser; where it needs a key or another path, correct the source."


def is_json(payload: bytes) -> bool:
    """Whether a payload begins as a JSON object or list does."""
    return payload[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_json_table(payload: bytes, where: str) -> Sheet:
    """The objects of one answer as a table: row 1 holds the keys, object n stands in row n + 1.

    Raises ParseError for damaged JSON, an error answer, an empty list and anything else without objects: such
    an answer never means that there is no application.
    """
    rows = _objects(_decoded(payload, where), where)
    notes: list[str] = []
    flat = [_flat(row, notes) if isinstance(row, dict) else None for row in rows]
    if other := sum(row is None for row in flat):
        notes.append(f"{other} elemen bukan objek, dilewati")
    keys = tuple(dict.fromkeys(key for row in flat if row is not None for key in row))
    if not keys:
        raise ParseError(where, "holds a list without any object", _ADVICE)
    if len(keys) * len(flat) > MAX_CELLS:
        raise ParseError(where, f"has more than {MAX_CELLS} values", "Ask the source for smaller pages.")
    body = tuple(
        Row(number, tuple(row.get(key, "") for key in keys))
        for number, row in enumerate(flat, start=2)
        if row is not None
    )
    return Sheet(None, (Row(1, keys), *body), notes=tuple(dict.fromkeys(notes)))


def total_pages(payload: bytes, where: str) -> int:
    """How many pages the answer says there are (``pagination.total_page``); 1 where it says nothing.

    Raises ParseError where the answer is no JSON.
    """
    data = _decoded(payload, where)
    pagination = data.get("pagination") if isinstance(data, dict) else None
    stated = pagination.get("total_page") if isinstance(pagination, dict) else None
    return int(stated) if isinstance(stated, int | str) and re.fullmatch(r"[0-9]{1,9}", str(stated)) else 1


def _decoded(payload: bytes, where: str) -> Any:
    try:
        return json.loads(payload.decode("utf-8-sig"), parse_constant=str)
    except RecursionError as error:
        raise ParseError(where, "is nested too deeply to be a registry", _ADVICE) from error
    except ValueError as error:
        raise ParseError(where, f"is no JSON that can be read ({str(error)[:120]})", _ADVICE) from error


def _objects(data: Any, where: str) -> list[Any]:
    found = data
    for _ in range(2):
        if isinstance(found, dict):
            found = next((found[key] for key in _LISTS if isinstance(found.get(key), dict | list)), found)
    if isinstance(found, list) and found:
        return found
    if isinstance(found, list):
        raise ParseError(where, "is empty: a registry without a single application is a failure", _ADVICE)
    said = next(
        (str(data[k]) for k in ("message", "error", "detail") if isinstance(data, dict) and data.get(k)), ""
    )
    raise ParseError(
        where, "holds no list of objects" + (f" but says {said[:120]!r}" if said else ""), _ADVICE
    )


def _flat(row: dict[str, Any], notes: list[str], prefix: str = "", depth: int = 1) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in row.items():
        name = plain_lines(f"{prefix}{key}".replace("_", " ")).strip()
        if isinstance(value, dict) and depth < _DEPTH:
            cells |= _flat(value, notes, f"{name} ", depth + 1)
        elif isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
        ):
            # What such a list names may be persons: it stays in the archive only.
            notes.append(f"{name}: daftar bersarang, tidak dibaca")
        elif isinstance(value, list):
            cells[name] = "; ".join(_text(item) for item in value)
        else:
            cells[name] = _text(value)
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return plain_lines(str(value))
