"""robots.txt as RFC 9309 means it: which addresses of a host a program may read.

The standard library's reader takes the first rule that fits instead of the longest, knows no "*" and "$"
in a path, and ends in an error for lines that any site may send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_MOST_CHARACTERS = 500 * 1024
_LINE = re.compile(r"^\s*(user-agent|allow|disallow)\s*:\s*([^#]*)", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Robots:
    """The rules for one program: patterns of paths, and whether what they fit may be read."""

    rules: tuple[tuple[str, bool], ...] = ()

    def allow(self, url: str) -> bool:
        """Whether `url` may be read: the longest pattern that fits decides, of equals one that allows."""
        parts = urlsplit(url)
        path = unquote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")
        fitting = [(len(pattern), allows) for pattern, allows in self.rules if _fits(pattern, path)]
        return max(fitting, default=(0, True))[1]


def read_robots(text: str, program: str) -> Robots:
    """The rules of a robots.txt for the program of that name, else those for all ("*").

    Lines that are none are passed over, and what stands beyond 500 KiB is not read.
    """
    own: list[tuple[str, bool]] = []
    for_all: list[tuple[str, bool]] = []
    is_named = False
    for names, rules in _groups(text[:_MOST_CHARACTERS]):
        if program.lower() in names:
            is_named = True
            own += rules
        if "*" in names:
            for_all += rules
    return Robots(tuple(own if is_named else for_all))


def _groups(text: str) -> Iterator[tuple[set[str], list[tuple[str, bool]]]]:
    """The programs each group is for, in lower case, and its rules."""
    names: set[str] = set()
    rules: list[tuple[str, bool]] = []
    begins = True
    for line in text.lstrip("\ufeff").splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        key, value = found[1].lower(), found[2].strip()
        if key == "user-agent":
            if not begins:
                yield names, rules
                names, rules, begins = set(), [], True
            token = _TOKEN.match(value)
            names.add("*" if value.startswith("*") else token[0].lower() if token else "")
        else:
            begins = False
            if value and names:
                rules.append((unquote(value), key == "allow"))
    yield names, rules


def _fits(pattern: str, path: str) -> bool:
    """Whether a path begins as the pattern says; "*" is anything, "$" at its end the path's end."""
    is_whole = pattern.endswith("$")
    first, *others = (pattern[:-1] if is_whole else pattern).split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    last = others.pop() if is_whole and others else None
    for part in others:
        # The earliest place leaves most to the parts after it.
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if not is_whole:
        return True
    return at == len(path) if last is None else len(path) - len(last) >= at and path.endswith(last)
