"""Bytes to text when the label cannot be trusted."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

_CHUNK_BYTES = 256 * 1024
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


class TextStream:
    """The text of a stream chunk by chunk, decoded as `decode_text` does where nothing is declared.

    `repaired` and `characters` count what has been read so far.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.repaired = self.characters = 0
        self._stream = stream
        self._pending = stream.read(_CHUNK_BYTES)
        self.head = self._pending
        """The first bytes."""
        is_utf16 = self._pending.startswith((b"\xff\xfe", b"\xfe\xff"))
        make = codecs.getincrementaldecoder("utf-16" if is_utf16 else "utf-8")
        self._decoder = make("replace" if is_utf16 else "surrogateescape")

    def read(self) -> str:
        """The next chunk; "" at the end."""
        text = ""
        while not text and self._pending:
            text = self._decoder.decode(self._pending)
            self._pending = self._stream.read(_CHUNK_BYTES)
            if not self._pending:
                text += self._decoder.decode(b"", final=True)
            if self.characters == 0:
                text = text.lstrip("\ufeff")
        # Most text is ASCII and in no need of repair.
        repaired = 0
        if not text.isascii():
            text, repaired = _ESCAPED_BYTE.subn(_as_windows_1252, text)
        self.repaired += repaired
        self.characters += len(text)
        return text

    def drain(self) -> None:
        """Read to the end, for the counts."""
        while self.read():
            pass


def _as_windows_1252(match: re.Match[str]) -> str:
    return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace")
