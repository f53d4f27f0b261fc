"""Where a page links to, in short: host names outside its own site and first folders on it.

Kept with every uptime check, so that a page which suddenly links to many places nobody knew can be told.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

MOST_PLACES = 60
AND_MORE = "…"
"""The last entry of a list that was cut at MOST_PLACES."""
_LONGEST_PLACE = 60
_ANCHOR = re.compile(rb"<a\s(?:[^<>]{0,500}?\s)?href\s{0,5}=\s{0,5}[\"']?([^\"'\s<>]{1,500})", re.IGNORECASE)
_PLACE = re.compile(r"[^\w.\-/%~+]+")


# Most links: of those only host and first folder are looked at, once each. What is cut off changes neither;
# links with dots, where it could, are left to urljoin.
_PLAIN = re.compile(
    rb"(?:https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,4})?)?/[A-Za-z0-9_-]{1,40}(?=[/?#]|$)(?![^?#]*(?:/\.|&))"
)


def _head(link: bytes) -> bytes:
    found = _PLAIN.match(link)
    return found[0] if found else link


def site_of(host: str) -> str:
    """The part of a host name that one institution holds (kota.go.id of layanan.kota.go.id)."""
    labels = host.split(".")
    return ".".join(labels[-3:] if len(labels) > 2 and len(labels[-2]) <= 3 else labels[-2:])


def links_of(payload: bytes) -> frozenset[bytes]:
    """Distinct links of a page, most of them cut to what `linked_places` looks at."""
    return frozenset(map(_head, set(_ANCHOR.findall(payload))))


def linked_places(links: frozenset[bytes], url: str) -> tuple[str, ...]:
    """Distinct places that links of a page at `url` lead to, in alphabetical order, cut at MOST_PLACES.

    A place is a host name, or ``/folder`` on the host of the page or another host of its site. Pages of the
    first folder level count as such: ``/berita`` and ``/berita/1`` are one place, ``/`` is none.
    """
    if not links:
        return ()
    own = (urlsplit(url).hostname or "").lower()
    site = site_of(own)
    places: set[str] = set()
    for link in links:
        if link[:1] == b"/" and own and _PLAIN.fullmatch(link):
            places.add(link.decode())
            continue
        try:
            parts = urlsplit(urljoin(url, html.unescape(link.decode("utf-8", "replace"))))
            host = (parts.hostname or "").lower()
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or not host:
            continue
        if host in (own, site) or host.endswith(f".{site}"):
            place = parts.path.lstrip("/").split("/", 1)[0]
            place = place and f"/{place}"
        else:
            place = host
        place = _PLACE.sub("", place)[:_LONGEST_PLACE]
        if place:
            places.add(place)
    ordered = tuple(sorted(places))
    return ordered if len(ordered) <= MOST_PLACES else (*ordered[:MOST_PLACES], AND_MORE)
