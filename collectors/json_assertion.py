"""What a JSON answer must say, as JSON pointers (RFC 6901) with the values that are to stand there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from collectors.plain_text import without_controls

Scalar = str | int | float | bool | None


def mismatch(expected: Mapping[str, Scalar], payload: bytes) -> str | None:
    """Why an answer is not as `expected` (Indonesian), or None where it is."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return "Jawaban bukan JSON"
    for pointer, wanted in expected.items():
        try:
            found = _at(document, pointer)
        except (LookupError, ValueError, TypeError):
            return f"JSON tidak memuat {pointer}"
        # True is no 1, whatever Python thinks.
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            return f"JSON {pointer} berisi {_short(found)}, seharusnya {_short(wanted)}"
    return None


def _at(document: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            if not (name.isascii() and name.isdigit()):
                raise KeyError(name)
            document = document[int(name)]
        elif isinstance(document, dict):
            document = document[name]
        else:
            raise KeyError(name)
    return document


def _short(value: Any) -> str:
    return without_controls(json.dumps(value, ensure_ascii=False)[:60])
