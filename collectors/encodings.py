"""Bytes to text when the label cannot be trusted."""

from __future__ import annotations

import re

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_WESTERN = frozenset({"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "us-ascii"})


def decode_text(payload: bytes, declared: str | None = None) -> tuple[str, int]:
    """The text, and how many bytes were not of the encoding it is in and were read as Windows-1252.

    UTF-8 is tried whatever is declared: pages that say otherwise and are UTF-8 are common, and text of
    another encoding is almost never valid UTF-8. A byte order mark is removed.
    """
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        return payload.decode("utf-16", "replace"), 0
    if (declared or "").lower() in _WESTERN:
        try:
            return payload.decode("utf-8").lstrip("\ufeff"), 0
        except UnicodeDecodeError:
            return payload.decode("cp1252", "replace"), 0
    text = payload.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    return _ESCAPED_BYTE.subn(_as_windows_1252, text)


def _as_windows_1252(match: re.Match[str]) -> str:
    return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace")
