"""Web addresses as people type them into a registry: none, one, several, or a remark instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.addresses import is_public
from collectors.indonesian import is_nothing
from collectors.personal_data import mask

_BETWEEN = re.compile(r"""[\s|"<>]+|[,;](?=\s|$|https?://)""", re.IGNORECASE)
_AROUND = "()[]{}'`.,;"
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
# A typed word such as "srikandi.arsip" is no host: without a scheme the last label must be a real top level
# (or one kept for examples, RFC 2606).
_BARE = re.compile(
    r"^(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:[a-z]{2}|com|net|org|info|biz|app|dev|site|online|web|xyz|cloud|tech|store|link|page|top|pro|asia|gov|edu|example|test)"
    r"|(?:\d{1,3}\.){3}\d{1,3})(?::\d{1,5})?(?:[/?#].*)?$",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?:[\w](?:[\w-]*[\w])?\.)+[\w-]{2,63}$")
# RFC 2606 and RFC 6762, and what home routers hand out: names that lead nowhere outside.
_NOWHERE = (".invalid", ".localhost", ".local", ".internal", ".lan", ".localdomain")
_PERSONAL_HOSTS = ("wa.me", "whatsapp.com", "t.me")
_LONGEST = 2000


@dataclass(frozen=True)
class Addresses:
    """What a cell says: the usable addresses in order, and why it was not used if there is none.

    `is_plain` tells that the cell holds one address and nothing else.
    """

    urls: tuple[str, ...]
    problem: str | None
    is_plain: bool


def read_addresses(cell: str) -> Addresses:
    """The addresses in a cell. One without scheme is taken for https; typing errors are not corrected.

    Private and loopback addresses, names that lead nowhere and messenger links to a person are no addresses
    of an application; `problem` then says why, in Indonesian.
    """
    if is_nothing(cell):
        return Addresses((), None, True)
    tokens = [t for t in (token.strip(_AROUND) for token in _BETWEEN.split(cell.replace("&amp;", "&"))) if t]
    urls: list[str] = []
    problem = "bukan alamat web"
    for token in tokens:
        url = token if _SCHEME.match(token) else f"https://{token}" if _BARE.match(token) else None
        if url is None:
            continue
        refusal = _refusal(url)
        if refusal is None:
            urls.append(_lower_host(url))
        else:
            problem = refusal
    distinct = tuple(dict.fromkeys(urls))
    return Addresses(distinct, None if distinct else problem, len(tokens) == 1 and len(distinct) == 1)


def _refusal(url: str) -> str | None:
    """Why an address cannot be one of an application, or None."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "alamat cacat"
    if port == 0 or len(url) > _LONGEST:
        return "alamat cacat"
    if parts.username is not None or mask(url) != url or host.endswith(_PERSONAL_HOSTS):
        return "alamat memuat data pribadi atau kata sandi"
    try:
        return None if is_public(host) else "alamat jaringan dalam"
    except ValueError:
        # Not numeric: a name.
        if host.endswith(_NOWHERE) or "." not in host:
            return "alamat jaringan dalam atau contoh"
        return None if _HOST.match(host) and not host.replace(".", "").isdigit() else "alamat cacat"


def _lower_host(url: str) -> str:
    scheme, rest = url.split("://", 1)
    end = min((at for at in (rest.find(c) for c in "/?#") if at >= 0), default=len(rest))
    return f"{scheme.lower()}://{rest[:end].lower()}{rest[end:]}"
