"""What a page says whoever asked for it, read once however many services answer with it."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

from collectors.block_pages import blocked_reason
from collectors.page_facts import language, page_title
from collectors.page_links import links_of
from collectors.spam_hints import has_spam_hints

_PASSWORD_FIELD = re.compile(rb"<input[^<>]{1,500}type\s*=\s*[\"']?password", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^<>]{1,500}charset\s*=\s*[\"']?\s*([a-z0-9_:.-]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*\"?([a-z0-9_:.-]+)", re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_META_WITHIN_BYTES = 4096
# Python knows them, no browser does; a megabyte said to be in Punycode takes minutes to decode.
_NO_ENCODINGS_OF_PAGES = frozenset({"punycode", "unicode-escape", "raw-unicode-escape", "utf-7"})


class Page(NamedTuple):
    """A page's encoding, title, language and links; `blocked` says why it is a firewall's, if it is.

    `has_spam_hints` tells that it is worth looking for spam. A page that `asks_to_log_in` may be the service.
    """

    encoding: str
    title: str | None
    language: str | None
    links: frozenset[bytes]
    has_markup: bool
    has_spam_hints: bool
    blocked: str | None
    asks_to_log_in: bool


# Reading takes as long as fetching. Sites of one city often share an error or log-in page; few are kept, as
# each may be a megabyte long.
@lru_cache(maxsize=32)
def read_page(payload: bytes, content_type: str) -> Page:
    """Read the body of an answer with that Content-Type."""
    encoding = encoding_of(payload, content_type)
    blocked = blocked_reason((), payload)
    return Page(
        encoding=encoding,
        title=page_title(payload, encoding),
        language=language(payload, encoding),
        links=links_of(payload),
        has_markup=b"<" in payload,
        has_spam_hints=has_spam_hints(payload),
        blocked=blocked,
        asks_to_log_in=blocked is not None and _PASSWORD_FIELD.search(payload) is not None,
    )


def encoding_of(payload: bytes, content_type: str) -> str:
    """The encoding that a page's first bytes, its header or its mark-up name; UTF-8 where none is one."""
    named = [name for mark, name in _BYTE_ORDER_MARKS if payload.startswith(mark)]
    if (found := _HEADER_CHARSET.search(content_type)) is not None:
        named.append(found[1])
    if (meta := _META_CHARSET.search(payload, 0, _META_WITHIN_BYTES)) is not None:
        named.append(meta[1].decode("ascii"))
    for encoding in named:
        try:
            if codecs.lookup(encoding).name in _NO_ENCODINGS_OF_PAGES:
                continue
            payload[:_META_WITHIN_BYTES].decode(encoding, "replace")
        except (LookupError, UnicodeError):
            continue  # a name that is none: the next, or UTF-8, must do
        return encoding
    return "utf-8"
