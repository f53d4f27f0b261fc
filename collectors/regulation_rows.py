"""From the cells of one row of a legal listing, whatever its format, to a record or a reject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from collectors.addresses import is_public
from collectors.evidence import RegulationRecord, Reject
from collectors.indonesian import clean_text, is_nothing, normalise_title, parse_date
from collectors.legal_relations import Relation, in_title, in_words, to_text
from collectors.legal_titles import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    amended_type,
    own_number,
    parse_year,
    regulation_key,
    status_of,
    tidy_number,
    type_code,
)

_LONGEST_RAW = 2000
_LONGEST_TITLE = 5000
_LONGEST_TEXT = 300
_LONGEST_URL = 2000
# White space at either end, also escaped: one CMS ends every address in "%0A".
# Looked for from the beginning of each stretch only: from everywhere in it takes quadratic time.
_BLANK = r"(?:\s|%0a|%0d|%20|%09)"
_BLANK_ENDS = re.compile(rf"^{_BLANK}+|(?<!\s)(?<!%0a)(?<!%0d)(?<!%20)(?<!%09){_BLANK}+$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_NOWHERE = (".local", ".localhost", ".internal", ".lan", ".localdomain")


@dataclass(frozen=True)
class Cells:
    """One row as its format gave it, before anything is interpreted. None where there is no such cell.

    `raw` gives the row as text, for a reject. `document_id` is the source's own id; rows that share it are
    one document, listed once per attachment. `status_note` explains the status ("dicabut dengan ...").
    """

    position: int
    where: str
    raw: Callable[[], str]
    title: str | None = None
    type_name: str | None = None
    number: str | None = None
    year: str | None = None
    enacted_on: str | None = None
    promulgated_on: str | None = None
    status: str | None = None
    detail_url: str | None = None
    file_url: str | None = None
    document_id: str | None = None
    status_note: str | None = None
    relations: tuple[Relation, ...] = ()


@dataclass
class Notes:
    """What was repaired or left out, said once per kind with a count and the first example."""

    lines: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, str] = field(default_factory=dict)

    def say(self, line: str) -> None:
        """One remark about a whole document."""
        if line not in self.lines:
            self.lines.append(line)

    def count(self, kind: str, example: str) -> None:
        """One more row of which `kind` holds."""
        self._counts[kind] += 1
        self._examples.setdefault(kind, example)

    def all(self) -> tuple[str, ...]:
        """Every remark, those about rows with their count."""
        counted = (f"{kind}: {n} baris, misalnya {self._examples[kind]}" for kind, n in self._counts.items())
        return (*self.lines, *counted)


def to_record(cells: Cells, base: str, capture_id: str, notes: Notes) -> RegulationRecord | Reject:
    """The regulation in a row, or why there is none.

    Where the title states its own number and year these count, because two sources of one institution share
    the title but seldom the columns; columns fill in what the title leaves open. A cell that cannot be read
    (a date, an address) is left empty with a note: the product itself is still evidence.
    """
    title = clean_text(cells.title)
    title_norm = normalise_title(title or "")
    if title is None or not title_norm or is_nothing(title):
        return Reject(cells.where, "tanpa judul", cells.raw()[:_LONGEST_RAW])
    if len(title) > _LONGEST_TITLE:
        reason = f"judul {len(title)} huruf, lebih panjang daripada judul peraturan mana pun"
        return Reject(cells.where, reason, cells.raw()[:_LONGEST_RAW])
    stated = own_number(title)
    heading = stated.heading if stated else None
    type_name = _text(cells.type_name) or heading or None
    code = type_code(cells.type_name) or type_code(heading) or amended_type(title_norm) or "lainnya"
    enacted = _date(cells.enacted_on, "tanggal penetapan", cells, notes)
    promulgated = _date(cells.promulgated_on, "tanggal pengundangan", cells, notes)
    number = stated.number if stated else tidy_number(cells.number)
    year = (stated.year if stated else None) or parse_year(cells.year)
    if year is None:
        year = next((day.year for day in (enacted, promulgated) if day is not None), None)
    return RegulationRecord(
        regulation_key=regulation_key(code, year, number, title_norm),
        type_code=code,
        type_name=type_name,
        number=number,
        year=year,
        title=title,
        title_norm=title_norm,
        status=status_of(cells.status),
        status_raw=_text(cells.status),
        enacted_on=enacted,
        promulgated_on=promulgated,
        detail_url=_url(cells.detail_url, base, cells, notes),
        file_url=_url(cells.file_url, base, cells, notes),
        capture_id=capture_id,
        position=cells.position,
        relations=to_text(
            relation
            for relation in _relations(title, cells)
            if (relation.type_code, relation.number, relation.year) != (code, number, year)
        ),
    )


def _relations(title: str, cells: Cells) -> tuple[Relation, ...]:
    stated = tuple(
        one for text in (cells.status, cells.status_note) for one in in_words(_text(text), "daftar")
    )
    return (*in_title(title), *stated, *cells.relations)


@lru_cache(4096)
def _text(text: str | None) -> str | None:
    cleaned = clean_text(text)
    return None if cleaned is None or is_nothing(cleaned) else cleaned[:_LONGEST_TEXT]


def _date(text: str | None, what: str, cells: Cells, notes: Notes) -> date | None:
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        notes.count(f"{what} tidak terbaca, dikosongkan", f"{clean_text(text)!r} ({cells.where})")
        return None
    if day is not None and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        notes.count(f"{what} mustahil, dikosongkan", f"{day} ({cells.where})")
        return None
    return day


def _url(text: str | None, base: str, cells: Cells, notes: Notes) -> str | None:
    if text is None or is_nothing(text):
        return None
    url = clean_url(text, base)
    # In a saved file a relative address has nothing to be relative to, which is nobody's fault.
    if url is None and (_is_web(base) or _SCHEME.match(text.strip())):
        notes.count("alamat tidak berguna, dikosongkan", f"{text.strip()[:100]!r} ({cells.where})")
    return url


def clean_url(text: str, base: str) -> str | None:
    """A web address without blanks around it and with those inside escaped, or None when it leads nowhere.

    Relative addresses are resolved against `base`. Addresses on this machine or in a private network (CMSs
    configured on a developer's laptop) lead nowhere, unless the listing itself came from there.
    """
    bare = _BLANK_ENDS.sub("", _CONTROL.sub("", text)).replace("\\/", "/").replace(" ", "%20")
    if not bare or bare.startswith("#"):
        return None
    try:
        url = bare if _is_web(bare) or not _is_web(base) else urljoin(base, bare)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        own = _host(base)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or port == 0 or len(url) > _LONGEST_URL:
        return None
    return url if host == own or _leads_out(host) else None


def _is_web(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


@lru_cache(64)
def _host(base: str) -> str | None:
    return urlsplit(base).hostname


@lru_cache(4096)
def _leads_out(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        # Not numeric: a name.
        return "." in host.rstrip(".") and not host.rstrip(".").endswith(_NOWHERE)
