"""Numbers, dates and addresses as Indonesian readers expect them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from transforms.indonesian_dates import MONTHS

_MINUS = "\N{MINUS SIGN}"
_SHOWN_URL = 64
_WHOLE = re.compile(r"(--[a-z][a-z-]* )?\d{4}-\d\d-\d\d|--[a-z][a-z-]*|\d\d-\d\d-\d{4}")


def decimal_comma(value: Decimal | float | int, digits: int = 2) -> str:
    """A number with the decimal comma and points between thousands, rounded half up: ``1.234,50``."""
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(exact):,.{digits}f}".translate(str.maketrans(",.", ".,"))
    return f"{_MINUS}{text}" if exact < 0 else text


def signed(value: Decimal, digits: int = 2) -> str:
    """A difference, with its sign: ``+0,03``."""
    text = decimal_comma(value, digits)
    return text if text.startswith(_MINUS) else f"+{text}"


def weight(value: Decimal) -> str:
    """A weight in percent without needless zeros: ``1,3%``."""
    plain = value.normalize()
    return f"{decimal_comma(plain, max(0, -int(plain.as_tuple().exponent)))}%"


def share(value: Decimal) -> str:
    """A share of 0..1 as a whole percentage."""
    return f"{decimal_comma(value * 100, 0)}%"


def month(value: date) -> str:
    """A month: ``November 2026``."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def short_day(value: date) -> str:
    """A date with the month cut to three letters: ``24 Nov 2026``."""
    return f"{value.day} {MONTHS[value.month - 1][:3]} {value.year}"


def short_moment(value: datetime, zone: str) -> str:
    """A moment for tables, where the time zone stands above: ``24 Nov 2026 14.05``."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{short_day(local)} {local:%H.%M}"


def duration(value: timedelta) -> str:
    """A length of time in its largest whole unit: ``7 hari``, ``6 jam``, ``15 menit``."""
    seconds = int(value.total_seconds())
    for size, name in ((86400, "hari"), (3600, "jam"), (60, "menit")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} detik"


def milliseconds(value: float) -> str:
    """A response time: ``134 ms``, ``1,2 dtk``."""
    return f"{decimal_comma(value, 0)} ms" if value < 1000 else f"{decimal_comma(value / 1000, 1)} dtk"


def is_web_address(url: str | None) -> bool:
    """Whether an address may be made clickable: http or https, with a host and nothing hidden in it."""
    if not url or any(character.isspace() or not character.isprintable() for character in url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def shown_address(url: str) -> str:
    """An address as a short text that begins with the host it really leads to; of a local path, the name."""
    text = PurePosixPath(url).name if url.startswith("/") else url
    if is_web_address(url):
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        text = f"{host}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    return text if len(text) <= _SHOWN_URL else f"{text[: _SHOWN_URL - 1]}…"


def unbroken(text: str) -> Markup:
    """A text in which no line ends within a date or the name of a command's option: ``--by 2026-12-31``."""
    return Markup(_WHOLE.sub(r'<span class="nowrap">\g<0></span>', str(escape(text))))
