"""How Indonesian sources write text and dates, read in one place for every collector."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import date, datetime, timedelta

from collectors.plain_text import without_controls

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari pebruari february feb peb",
            "maret march mar mrt",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agt agu ags aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}

_NOTHING = {"", "null", "none", "n/a", "nihil", "kosong", "tidak ada", "belum ada"}
_DASHES = re.compile(r"^[-\u2010-\u2015._\s]*$")
_HIDDEN_START = re.compile(r"<!--|<(?:script|style)\b", re.IGNORECASE)
_HIDDEN_END = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*>", re.IGNORECASE),
}
# Inline tags stand inside words ("Per<b>wal</b>"); every other tag separates them.
_INLINE_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|font|sup|sub|mark|a)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")

_WEEKDAY = re.compile(r"^(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad)\s*,?\s+", re.IGNORECASE)
_TIME = (
    r"(?:[T\s]\s*(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)(?:\.\d+)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|WIB|WITA|WIT)?)?"
)
_YEAR_FIRST = re.compile(rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}$")
_DAY_FIRST = re.compile(
    rf"^(?P<day>\d{{1,2}})\s*[-/.]\s*(?P<month>\d{{1,2}})\s*[-/.]\s*(?P<year>\d{{4}}){_TIME}$"
)
_NAMED_MONTH = re.compile(
    rf"^(?P<day>\d{{1,2}})[\s/.-]+(?P<name>[a-z]+)[\s/.,-]+(?P<year>\d{{4}}){_TIME}$", re.IGNORECASE
)
# MySQL's zero date as dumped, and as PHP prints it.
_ZERO_DATE = re.compile(r"^(?:0000-00-00|00[-/]00[-/]0000|-0001-11-30|30-11--0001)\b")
_EARLIEST_YEAR = 1800


def is_nothing(text: str | None) -> bool:
    """Whether a cell says that there is nothing: empty, dashes, "null", "tidak ada" and the like."""
    folded = " ".join((text or "").split()).lower()
    return folded in _NOTHING or _DASHES.match(folded) is not None


def clean_text(text: str | None) -> str | None:
    """Text for people: mark-up and entities removed, white space folded, the wording kept.

    Returns None for nothing: None, an empty text or only dashes. Mark-up that was itself escaped
    (``&lt;p&gt;``, as some CMSs store titles) is removed too; a lone "<" in prose is kept.
    """
    if text is None:
        return None
    plain = html.unescape(_without_tags(html.unescape(_without_tags(text))))
    plain = without_controls(_without_tags(plain))
    folded = " ".join(plain.split())
    return None if _DASHES.match(folded) else folded


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub(" ", _INLINE_TAG.sub("", _without_hidden_parts(text)))


def _without_hidden_parts(text: str) -> str:
    """Text without comments, scripts and styles; what is never closed is dropped to the end, as browsers do.

    In one pass: a single pattern for both ends takes quadratic time on a hostile cell full of openings.
    """
    kept: list[str] = []
    at = 0
    while opening := _HIDDEN_START.search(text, at):
        kept.append(text[at : opening.start()])
        end = _HIDDEN_END[opening[0].lower()].search(text, opening.end())
        if end is None:
            return " ".join(kept)
        at = end.end()
    return " ".join([*kept, text[at:]])


def normalise_title(text: str) -> str:
    """A title reduced to what two spellings of it share: lower case, letters and digits, single spaces.

    >>> normalise_title("PERATURAN WALI KOTA  Nomor 12 (e-Government)")
    'peraturan wali kota nomor 12 e government'
    """
    folded = unicodedata.normalize("NFKC", clean_text(text) or "").lower()
    return _NOT_ALPHANUMERIC.sub(" ", folded).strip()


def parse_date(text: str | None) -> date | None:
    """A date as Indonesian sources write it, always day before month; None when the cell says nothing.

    Read: "12 Januari 2023", "Senin, 12 Jan 2023", "12-01-2023", "12/01/2023", "2023-01-12", each also with a
    time of day, which is ignored; "-" and "0000-00-00" are None. A moment in UTC
    ("2023-01-11T17:00:00Z", a local midnight as JavaScript prints it) gives the local day.
    Raises ValueError with the text when it is something else, such as a bare year or "01/23/2023".
    """
    cleaned = clean_text(text)
    if cleaned is None or is_nothing(cleaned) or _ZERO_DATE.match(cleaned):
        return None
    bare = _WEEKDAY.sub("", cleaned.replace("\u2019", "'"))
    match = _YEAR_FIRST.match(bare) or _DAY_FIRST.match(bare) or _NAMED_MONTH.match(bare)
    if match is None:
        raise ValueError(f"{text!r} is not a date")
    parts = match.groupdict()
    month = int(parts["month"]) if "month" in parts else MONTHS.get(parts["name"].lower(), 0)
    year = int(parts["year"])
    if year < _EARLIEST_YEAR:
        raise ValueError(f"{text!r} is not a date: year {year}")
    try:
        day = date(year, month, int(parts["day"]))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date") from error
    return _local_day(day, parts["time"], parts["zone"])


def _local_day(day: date, time: str | None, zone: str | None) -> date:
    """The day meant by a moment in UTC.

    Nine hours are added whatever the zone: midnight in each of Indonesia's three zones (UTC+7 to UTC+9), and
    midnight UTC, then fall on the day that was meant.
    """
    if time is None or zone is None or zone.upper().replace(":", "") not in ("Z", "+0000"):
        return day
    hour = int(re.split(r"[:.]", time)[0])
    if hour > 23:
        raise ValueError(f"{time!r} is not a time of day")
    try:
        return (datetime(day.year, day.month, day.day, hour) + timedelta(hours=9)).date()
    except OverflowError as error:
        raise ValueError(f"{day} {time} is not a date in local time: no day follows it") from error
