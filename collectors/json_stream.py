"""JSON read a little at a time: a listing of a million documents never has to be in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

MOST_CHARACTERS = 16 * 1024 * 1024
"""The longest single value that is read: one document, never the list of them."""

_MOST_DIGITS = 40


def _integer(digits: str) -> int | str:
    """A number; as text where it has more digits than any number here means, and Python may refuse them."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)
_SPACE = re.compile(r"[ \t\n\r]*")
# Most values then lie in the text at hand as a whole.
_AHEAD = 64 * 1024


class JsonError(ValueError):
    """The text is no JSON from some place on; the message says where."""


class JsonText:
    """A cursor in a JSON text that comes in chunks.

    `read` gives the next chunk and "" at the end. The cursor starts `start` characters into the text; lines
    and columns in messages are counted from there.
    """

    def __init__(self, read: Callable[[], str], start: int = 0) -> None:
        self._read = read
        self._text = ""
        self._at = 0
        self._has_ended = False
        self._dropped = self._lines = self._line_start = 0
        left = start
        while left > 0 and (chunk := read()):
            self._text = chunk[left:]
            left -= len(chunk)
        self._start = start

    @property
    def position(self) -> int:
        """How many characters of the whole text lie before the cursor."""
        return self._start + self._dropped + self._at

    def peek(self) -> str:
        """The next character that is not white space, where the cursor then stands; "" at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """The value at the cursor, which moves behind it.

        Raises JsonError for what is no JSON, ends early or is longer than MOST_CHARACTERS, RecursionError for
        what is nested too deeply.
        """
        if len(self._text) - self._at < _AHEAD:
            self._more()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._twice_as_much():
                    continue
                raise self._error(error.msg, error.pos) from error
            # A number that ends where the text at hand ends may go on.
            if end == len(self._text) and self._twice_as_much():
                continue
            self._at = end
            return value

    def elements(self) -> Iterator[Any]:
        """The elements of the array at the cursor; when they are through, the cursor is behind it."""
        self.peek()
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._is_closed("]"):
                return
            self.peek()

    def keys(self) -> Iterator[str]:
        """The keys of the object at the cursor; the caller takes the value of each before the next."""
        self.peek()
        self._at += 1
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._error("Expecting property name enclosed in double quotes", self._at)
            key = self.value()
            if self.peek() != ":":
                raise self._error("Expecting ':' delimiter", self._at)
            self._at += 1
            self.peek()
            yield key
            if self._is_closed("}"):
                return

    def rest(self, most: int) -> str:
        """What follows the cursor, without white space around it, at most so many characters."""
        self.peek()
        while len(self._text) - self._at < most and self._more():
            pass
        return self._text[self._at : self._at + most].strip()

    def _is_closed(self, mark: str) -> bool:
        found = self.peek()
        if found not in (mark, ","):
            raise self._error("Expecting ',' delimiter", self._at)
        self._at += 1
        return found == mark

    def _more(self) -> bool:
        """One more chunk, in place of what lies before the cursor."""
        chunk = "" if self._has_ended else self._read()
        if not chunk:
            self._has_ended = True
            return False
        if lines := self._text.count("\n", 0, self._at):
            self._lines += lines
            self._line_start = self._dropped + self._text.rindex("\n", 0, self._at) + 1
        self._dropped += self._at
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True

    def _twice_as_much(self) -> bool:
        wanted = 2 * (len(self._text) - self._at)
        if wanted > 2 * MOST_CHARACTERS or not self._more():
            return False
        while len(self._text) < wanted and self._more():
            pass
        return True

    def _error(self, what: str, at: int) -> JsonError:
        lines = self._text.count("\n", 0, at)
        start = self._dropped + self._text.rindex("\n", 0, at) + 1 if lines else self._line_start
        char = self._dropped + at
        return JsonError(f"{what}: line {self._lines + lines + 1} column {char - start + 1} (char {char})")
