"""Several applications typed into one cell, taken apart where the cell leaves no doubt."""

from __future__ import annotations

import re
from itertools import pairwise

from collectors.indonesian import clean_text, is_nothing

_NUMBER = re.compile(r"(?:^|(?<=[\s;,]))(\d{1,2})[.)](?=\s|[^\W\d])\s*")
_BULLET = re.compile(r"^\s*[-*\u2022\u2023\u25cf\u25aa\u25e6\u2013\u2014]\s*(?=\S)")
# Longer than any name of an application: a paragraph, or a row gone wrong.
_LONGEST = 300


class AmbiguousNamesError(ValueError):
    """A cell that may name one application or several; the message says why, in Indonesian."""


def split_names(cell: str, addresses: int) -> tuple[str, ...]:
    """The names of the applications in a cell; `addresses` is how many web addresses stand in its row.

    Taken apart: a list numbered from 1, lines that each begin with a bullet, lines as many as there are
    addresses, parts between semicolons without commas or labels of their own. An empty tuple means that the
    cell says there is none. Raises AmbiguousNamesError for lines and semicolons that remain in doubt.
    """
    text = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    parts = _numbered(text) or _bulleted(text) or _lines(text, addresses) or _between_semicolons(text)
    names = [name for part in parts or [text] if (name := clean_text(part)) is not None]
    kept = tuple(dict.fromkeys(name for name in names if not _says_none(name)))
    for name in kept:
        if len(name) > _LONGEST:
            raise AmbiguousNamesError(f"nama aplikasi lebih dari {_LONGEST} huruf")
    return kept


def _says_none(name: str) -> bool:
    return (
        is_nothing(name)
        or re.match(r"^(?:tidak|belum) (?:ada|memiliki|mempunyai|punya)\b", name, re.IGNORECASE) is not None
    )


def _numbered(text: str) -> list[str] | None:
    marks = list(_NUMBER.finditer(text))
    if not marks or marks[0].start() > 0:
        return None
    if len(marks) == 1:
        # "7. SIPD": a row number typed before the name.
        return [text[marks[0].end() :]]
    if [int(mark[1]) for mark in marks] != list(range(1, len(marks) + 1)):
        raise AmbiguousNamesError("beberapa aplikasi dalam satu sel dengan nomor yang tidak berurutan")
    ends = [second.start() for _, second in pairwise(marks)] + [len(text)]
    return [text[mark.end() : end].rstrip(" ;,\n") for mark, end in zip(marks, ends, strict=True)]


def _bulleted(text: str) -> list[str] | None:
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(_BULLET.match(line) for line in lines):
        return None
    return [_BULLET.sub("", line).rstrip(" ;,") for line in lines]


def _lines(text: str, addresses: int) -> list[str] | None:
    lines: list[str] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        if lines and line.lstrip().startswith("("):
            # A long form in brackets belongs to the abbreviation above it.
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.strip().rstrip(";,"))
    if len(lines) < 2:
        return lines or None if "\n" in text else None
    if len(lines) != addresses:
        raise AmbiguousNamesError(
            f"{len(lines)} baris teks dalam satu sel, {addresses} alamat: satu nama atau beberapa aplikasi"
        )
    return lines


def _between_semicolons(text: str) -> list[str] | None:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if len(parts) < 2:
        return None
    if any("," in part or ":" in part for part in parts):
        raise AmbiguousNamesError("beberapa aplikasi dalam satu sel yang tidak dapat dipisahkan dengan pasti")
    return parts
