"""What an answer says of itself: title, language, protective headers."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence

_TITLE = re.compile(rb"<title[^<>]{0,200}>([^<]{0,2000})", re.IGNORECASE)
_DECLARED = re.compile(rb"<html[^<>]{0,500}\slang\s*=\s*[\"']?([a-z]{2,3})\b", re.IGNORECASE)
_LONGEST_TITLE = 200
_LONGEST_VALUE = 200
_HEAD = 65536
_LANGUAGE_SCAN_BYTES = 32768
# Words that nearly every sentence of the language has and the others do not.
_WORDS = {
    "id": (b" yang ", b" dan ", b" untuk "),
    "en": (b" the ", b" and ", b" of "),
}
_SCRIPTS = (
    ("zh", 0x4E00, 0x9FFF),
    ("ja", 0x3040, 0x30FF),
    ("ko", 0xAC00, 0xD7AF),
    ("th", 0x0E00, 0x0E7F),
    ("ru", 0x0400, 0x04FF),
    ("ar", 0x0600, 0x06FF),
)
_PROTECTIVE = frozenset(
    {
        "content-security-policy",
        "permissions-policy",
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
    }
)
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)


def page_title(payload: bytes, encoding: str) -> str | None:
    """The title within the first bytes, in one line, cut at 200 characters; None where there is none."""
    found = _TITLE.search(payload, 0, _HEAD)
    if found is None:
        return None
    text = " ".join(html.unescape(found[1].decode(encoding, "replace")).split())
    if not text.isprintable():
        text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text[:_LONGEST_TITLE] or None


def language(payload: bytes, encoding: str) -> str | None:
    """A guess at the language (``id``, ``en``, or by its script); else what the page declares; else None."""
    head = payload[:_LANGUAGE_SCAN_BYTES]
    lowered = head.lower()
    counts = {name: sum([lowered.count(word) for word in words]) for name, words in _WORDS.items()}
    likely = max(counts, key=counts.__getitem__)
    if counts[likely] >= 3 and counts[likely] > 2 * (sum(counts.values()) - counts[likely]):
        return likely
    if not head.isascii():
        letters = [ord(letter) for letter in head.decode(encoding, "replace") if letter > "\u02ff"]
        for name, first, last in _SCRIPTS:
            # A few are a flag, a name or an emoji.
            if sum(first <= letter <= last for letter in letters) >= 100:
                return name
    declared = _DECLARED.search(head)
    return declared[1].decode("ascii").lower() if declared else None


def protective_headers(headers: Sequence[tuple[str, str]]) -> str:
    """The protective headers that were sent, as a JSON object in alphabetical order; names in lower case."""
    sent = {name: value[:_LONGEST_VALUE] for name, value in headers if name in _PROTECTIVE}
    return json.dumps(sent, ensure_ascii=False, sort_keys=True) if sent else "{}"


def has_hsts(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether browsers are told to keep to HTTPS (RFC 6797: a max-age above 0); names in lower case."""
    said = next((value for name, value in headers if name == "strict-transport-security"), "")
    found = _MAX_AGE.search(said)
    return found is not None and int(found[1]) > 0
