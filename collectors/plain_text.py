"""Text that only says something: nothing in it moves a cursor, rings, hides, or turns other text around.

What comes from outside ends up on terminals, pages, in messages and logs. A title may hold escape sequences
that rename a terminal's window or paste commands, and characters that make text read backwards.
"""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences, strings such as a window's title, and two-character escapes; each as ESC and
# one more, or as one C1 character. Bounded: an opening without its end takes no more than it may.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]{0,500}(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]{0,8}[0-~]?"
)
_BLANK = frozenset("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")

_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"^[+-]?\d{1,30}(?:[.,]\d{1,30})?%?$")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SILENT = frozenset({"Cc", "Cf", "Cs"})
_UNSEEN_IN_JSON = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def without_controls(text: str) -> str:
    """`text` without escape sequences and characters that show nothing; what breaks lines becomes a space.

    Removed are control characters, format characters (bidirectional marks, zero-width ones, soft hyphens,
    tags) and halves of characters. Visible text comes back as it is, the same object.
    """
    if text.isprintable():
        return text
    plain = _SEQUENCE.sub("", text) if any(mark in text for mark in "\x1b\x9b\x9d\x90\x98\x9e\x9f") else text
    return "".join(
        " " if c in _BLANK else c for c in plain if c in _BLANK or unicodedata.category(c) not in _SILENT
    )


def plain_lines(text: str) -> str:
    """As `without_controls`, line by line: the breaks between lines stay, as ``\\n``."""
    return text if text.isprintable() else "\n".join(map(without_controls, _LINE_END.split(text)))


def whole_characters(text: str) -> str:
    """`text` with halves of characters replaced, which JSON can escape and nothing can write or keep."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def visible_json(document: str) -> str:
    """JSON text with everything that shows nothing written as ``\\uXXXX``; what it means stays the same."""
    return _UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def spreadsheet_text(text: str) -> str:
    """A text for a cell of CSV or XLSX that a spreadsheet will not take for a formula.

    Spreadsheets run what begins with ``=``, ``+``, ``-`` or ``@``, also after blanks, and full-width forms of
    these. An apostrophe in front makes it text; numbers stay as they are.
    """
    begins = text.lstrip(" ")[:1]
    return f"'{text}" if begins in _FORMULA_STARTS and begins and not _NUMBER.match(text.strip()) else text
