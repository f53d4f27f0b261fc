"""Faults of real sites, on request: which there are, where each can occur, and what each does to a body."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from typing import Literal, get_args

FaultKind = Literal[
    "empty_listing",
    "block_page",
    "login_page",
    "truncated_json",
    "not_found",
    "rate_limited",
    "redirect_loop",
    "redirect_away",
    "robots_forbid",
    "gzip_bomb",
    "control_characters",
    "wrong_encoding",
    "hang",
    "server_error",
    "unavailable",
    "empty_reply",
    "slow",
    "drip",
    "hacked_page",
    "mass_drop",
    "merged_headers",
    "tls_expired",
    "tls_expiring",
    "tls_self_signed",
    "tls_wrong_host",
    "tls_incomplete",
]
"""Kinds of fault.

- ``empty_listing``: a well-formed listing without rows; a page without its content
- ``block_page``: 200 with a firewall's "Request Rejected" page; ``login_page``: 200 with a login form
- ``truncated_json``: the first half of the body (of any format), announced as if it were whole
- ``not_found`` 404, ``server_error`` 500, ``unavailable`` 503; ``rate_limited``: 429, to come back in an hour
- ``redirect_loop``: to itself; ``redirect_away``: to a host outside the city
- ``robots_forbid``: robots.txt forbids the address
- ``gzip_bomb``: 80 KiB that unpack to 80 MiB
- ``control_characters``: escape sequences, control characters and bidirectional overrides in every title
- ``wrong_encoding``: Latin-1 bytes announced as UTF-8
- ``hang``: the request is read and never answered; ``empty_reply``: the connection closes without a byte
- ``slow``: a pause before the answer; ``drip``: the answer byte by byte, without end in any useful time
- ``hacked_page``: the page with gambling spam in title, hidden text and links, as intruders leave it
- ``mass_drop``: 5% of a listing's rows; ``merged_headers``: a spreadsheet with two merged heading rows
- ``tls_*``: the certificate shown (``tls_expiring`` verifies, and ends in 11 days)
"""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

TLS_KINDS = tuple(kind for kind in KINDS if kind.startswith("tls_"))
_ON_THE_WIRE: tuple[FaultKind, ...] = (
    "block_page", "login_page", "rate_limited", "redirect_loop", "gzip_bomb",
    "truncated_json", "not_found", "wrong_encoding", "hang", "server_error", "unavailable",
    "empty_reply", "slow", "drip", "empty_listing",
)  # fmt: skip
_IN_A_FOLDER: tuple[FaultKind, ...] = (
    "empty_listing", "truncated_json", "not_found", "wrong_encoding", "mass_drop",
)  # fmt: skip

_TITLE_WORD = re.compile(rb"\b(?:[Tt]entang|TENTANG|Sistem) ")
BLOCK_PAGE = (
    b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    b"Please consult with your administrator.<br><br>Your support ID is: 7731904482615530042<br><br>"
    b"<a href='javascript:history.back();'>[Go Back]</a></body></html>"
)
"""What web application firewalls answer with status 200 where they refuse a client."""

LOGIN_PAGE = (
    b"<html><head><title>Login</title></head><body><form method='post'><input name='nip'>"
    b"<input type='password' name='sandi'><button>Masuk</button></form></body></html>"
)
SPAM = (
    '<div style="position:absolute;left:-9999px"><a href="https://slot88-karangan.example/">slot gacor</a> '
    '<a href="https://togel-karangan.example/">situs togel resmi</a></div>'
)
"""What intruders hide in a page for search engines."""
SPAM_TITLE = "Slot Gacor Hari Ini: Situs Slot Maxwin Terpercaya"
GZIP_BOMB = gzip.compress(bytes(1024 * 1024), mtime=0) * 80
"""Members of one gzip body, each of a MiB of zeros."""
AWAY = "http://luar-kota.example/"
HOSTILE = "\x1b[2J\x1bc\x1b[31m\u202e\x08\x9b2J"
"""Clears and resets a terminal, turns text around. No separator of a CSV stands in it."""

STATUSES: Mapping[FaultKind, int] = {
    "not_found": 404,
    "server_error": 500,
    "unavailable": 503,
    "rate_limited": 429,
}
HEADERS: Mapping[FaultKind, Mapping[str, str]] = {
    "rate_limited": {"Retry-After": "3600"},
    "redirect_away": {"Location": AWAY},
    "gzip_bomb": {"Content-Encoding": "gzip"},
}
"""What a fault adds to the head of an answer."""


class FaultError(Exception):
    """A fault that cannot be set; the message names what can."""


def possible(kind: str, is_https: bool) -> tuple[FaultKind, ...]:
    """The faults an endpoint of that kind can have."""
    if kind == "attestations":
        return _IN_A_FOLDER
    found = list(_ON_THE_WIRE)
    if kind == "page":
        found.append("hacked_page")
    else:
        found.extend(("mass_drop", "redirect_away", "robots_forbid"))
    if kind in ("jdihn", "html", "csv"):
        found.append("control_characters")
    if kind == "xlsx":
        # A workbook is compressed: neither an encoding nor JSON is to be found in it.
        found.remove("wrong_encoding")
        found.append("merged_headers")
    if is_https:
        found.extend(TLS_KINDS)
    return tuple(found)


def kept_rows(total: int, fault: FaultKind | None) -> int:
    """How many of `total` rows a listing shows under a fault."""
    if fault == "empty_listing":
        return 0
    return max(1, total * 5 // 100) if fault == "mass_drop" else total


def damaged(body: bytes, fault: FaultKind | None) -> bytes:
    """A UTF-8 body as a fault leaves it; other faults than those of the bytes change nothing."""
    if fault == "truncated_json":
        return body[: len(body) // 2]
    if fault == "wrong_encoding":
        return body.decode("utf-8").encode("latin-1", errors="replace")
    if fault == "control_characters":
        # A JSON string cannot hold them raw, and \\u escapes mean the same.
        is_json = body.startswith(b"[")
        hostile = json.dumps(HOSTILE)[1:-1] if is_json else HOSTILE
        return _TITLE_WORD.sub(lambda found: hostile.encode() + found[0], body)
    return body
