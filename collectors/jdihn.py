"""Legal documents as JSON: the feed that members send to the national network JDIHN, and its relatives.

Permenkumham 8/2019 has each member publish one array of documents. In the wild it comes bare or wrapped,
whole or in pages, with PHP's warnings before it and bytes of another encoding inside; some CMSs answer with
an API of their own under other key names. All of that is read here; what is no list of documents is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from collectors.block_pages import blocked_reason
from collectors.encodings import TextStream
from collectors.evidence import ParseError, Reject
from collectors.indonesian import clean_text, is_nothing
from collectors.json_stream import JsonError, JsonText
from collectors.plain_text import whole_characters
from collectors.regulation_rows import Cells, Notes

# Keys of the JDIHN standard first, then those of other CMSs; compared in lower case without "_" and "-".
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "title": (
        "judul", "judulperaturan", "dokumenjudul", "juduldokumen", "namaperaturan", "nama", "title",
        "tentang",
    ),
    "type_name": (
        "jenis", "jenisperaturan", "jenisnama", "namajenis", "bentukperaturan", "jenisdokumen", "kategori",
        "singkatanjenis",
    ),
    "number": ("noperaturan", "nomorperaturan", "nomor", "nomordokumen", "no"),
    "year": ("tahunpengundangan", "tahunperaturan", "tahun", "tahunterbit"),
    "enacted_on": ("tanggalpenetapan", "tanggalditetapkan", "tglpenetapan", "tglditetapkan"),
    "promulgated_on": (
        "tanggalpengundangan", "tanggaldiundangkan", "tanggalperundangan", "tglpengundangan",
        "tgldiundangkan",
    ),
    # Some feeds say "Berlaku" everywhere and the truth in another key.
    "status": ("statusterakhir", "statusperaturan", "statusnama", "status"),
    "status_note": ("keteranganstatus", "catatanstatusperaturan", "catatanstatus", "statusketerangan"),
    "detail_url": ("urldetailperaturan", "urldetail", "linkdetail", "detailurl"),
    "file_url": ("urldownload", "linkdownload", "urlfile", "fileurl", "file"),
    "document_id": ("iddata", "iddokumen", "idperaturan", "id"),
}  # fmt: skip
_LIST_KEYS = (
    "data",
    "result",
    "results",
    "items",
    "rows",
    "records",
    "peraturan",
    "dokumen",
    "documents",
    "hits",
)
_NEXT_KEYS = ("next", "next_page_url", "nextPageUrl", "next_url", "nextPage")
_PAGING_KEYS = ("links", "_links", "meta", "pagination", "paging")
_TOTAL_KEYS = ("total", "jml", "jumlah", "recordsTotal", "total_data", "totalData", "count")
_NAME_KEYS = ("nama", "name", "title", "judul")
_DEEPEST = 3

_NUMBERED = ""  # stands in a skeleton for all members with numbers for keys
_START = re.compile(r"(?:^|>)\s*([\[{])", re.MULTILINE)
_MOST_STARTS = 50
_HEAD_CHARACTERS = 1024 * 1024
_EXCERPT = 120
_LONGEST_RAW = 2000
_MOST_DIGITS = 12
"""No listing counts further; Python refuses to convert texts of thousands of digits."""


Open = Callable[[], BinaryIO]
"""A document's bytes, decoded, from the beginning: it is read twice, and never held."""


@dataclass(frozen=True)
class _Listed:
    """A list in its place: where it begins in the text, how long it is, and what it holds."""

    start: int
    count: int
    is_of_documents: bool
    is_object: bool = False


@dataclass(frozen=True)
class Feed:
    """One answer: its elements as JSON has them, where the next page is, how many there are in all.

    The whole of it has been read once and is sound JSON; `elements` reads it again.
    """

    count: int
    elements: Callable[[], Iterator[Any]]
    next_link: str | None
    total: int | None


def read_feed(open_: Open, headers: tuple[tuple[str, str], ...], where: str, notes: Notes) -> Feed:
    """The elements of one JSON answer.

    Raises ParseError, naming `where`, for an answer that is no list of documents: an error text with status
    200, truncated JSON, an object without a list.
    """
    found, repaired, skipped = _found(open_, headers, where)
    if repaired:
        notes.say(f"{where}: {repaired} bita bukan UTF-8, dibaca sebagai Windows-1252")
    _after(found.rest, where, notes)
    if skipped:
        notes.say(f"{where}: teks sebelum JSON dilewati: {_line(skipped)!r}")
    data = found.value
    listed = _listed(data)
    if listed is None:
        is_object = isinstance(data, dict)
        keys = ", ".join(sorted(map(str, data))[:12]) if is_object else "list"
        raise ParseError(
            where,
            f"the JSON holds no list of documents (it has: {keys}){_excuse(data)}",
            "Check the address; it must be that of the integration feed",
        )
    return Feed(listed.count, partial(_elements, open_, listed), _next_link(data), _total(data))


def rows(feed: Feed, where: str, first: int) -> Iterator[Cells | Reject]:
    """The elements as rows numbered from `first`; what is no object is a reject."""
    readers: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for position, element in enumerate(feed.elements(), start=first):
        place = f"{where}, unsur {position}"
        if not isinstance(element, dict):
            reason = (
                "unsur kosong (null): sumber gagal menulis baris ini, biasanya karena teksnya bukan UTF-8"
                if element is None
                else f"unsur bukan objek melainkan {type(element).__name__}"
            )
            yield Reject(place, reason, _short(element))
            continue
        shape = tuple(element)
        if shape not in readers:
            readers[shape] = _reader(shape)
        cells: dict[str, Any] = {
            column: _first(element, keys, column) for column, keys in readers[shape].items()
        }
        yield Cells(position, place, partial(_short, element), **cells)


# Bytes to JSON -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """A JSON value, lists left in their place, and the text after it."""

    value: Any
    rest: str


def _found(open_: Open, headers: tuple[tuple[str, str], ...], where: str) -> tuple[_Found, int, str]:
    """The JSON value in a text that may have a program's complaints before or after it.

    With it, how many bytes of the text were repaired, and the complaints before it.
    """
    with open_() as stream:
        text = TextStream(stream)
        head, lead = "", 0
        while len(head) < _HEAD_CHARACTERS and (more := text.read()):
            stripped = head + more if head else more.lstrip()
            lead += len(head) + len(more) - len(stripped)
            head = stripped
    if not head:
        raise ParseError(where, "the answer is empty", "Collect again; if it stays so, tell the site's owner")
    if head[0] in "[{":
        with open_() as stream:
            text = TextStream(stream)
            try:
                found = _value(text, lead, where)
            except JsonError as error:
                text.drain()
                raise ParseError(
                    where,
                    f"the JSON cannot be read ({error}); "
                    f"it is damaged or cut off ({text.characters} characters)",
                    "Collect again; if it stays so, tell the site's owner",
                ) from error
            text.drain()
            return found, text.repaired, ""
    # A whole page may hold JSON of its own in a script, which is no answer.
    is_page = "<html" in head[:2000].lower()
    for start, _ in zip(() if is_page else _START.finditer(head), range(_MOST_STARTS), strict=False):
        with open_() as stream:
            inner = TextStream(stream)
            try:
                found = _value(inner, lead + start.start(1), where)
            except JsonError:
                # Brackets of a warning.
                continue
            if _listed(found.value) is not None:
                inner.drain()
                return found, inner.repaired, head[: start.start(1)]
    raise ParseError(
        where,
        blocked_reason(headers, text.head)
        or f"the source answered with text instead of a list: {_line(head)!r}",
        "Collect again; if it stays so, tell the site's owner",
    )


def _value(text: TextStream, start: int, where: str) -> _Found:
    """The value that begins `start` characters into the text; raises JsonError where there is none."""
    cursor = JsonText(text.read, start)
    try:
        return _Found(_skeleton(cursor), cursor.rest(_LONGEST_RAW))
    except RecursionError as error:
        raise ParseError(
            where, "the JSON is nested too deeply", "Check that the address is the feed"
        ) from error


def _after(rest: str, where: str, notes: Notes) -> None:
    extra = rest.lstrip(";").strip()
    if extra and not extra.startswith("<"):
        raise ParseError(
            where,
            f"there is more after the JSON: {_line(extra)!r}",
            "Tell the site's owner; two answers may have been glued together",
        )
    if rest:
        notes.say(f"{where}: teks sesudah JSON dilewati: {_line(rest)!r}")


def _skeleton(text: JsonText, depth: int = 0) -> Any:
    """The value at the cursor, with every list that may be the one of documents left in its place."""
    mark, start = text.peek(), text.position
    if mark == "[":
        count, is_of_documents = 0, True
        for element in text.elements():
            count += 1
            # A list of bare words or numbers is none of documents.
            is_of_documents = is_of_documents and (element is None or isinstance(element, (dict, list)))
        return _Listed(start, count, is_of_documents)
    if mark != "{" or depth > _DEEPEST:
        return text.value()
    data: dict[str, Any] = {}
    numbered = 0
    for key in text.keys():  # noqa: SIM118 (a cursor, not a mapping)
        value = _skeleton(text, depth + 1) if key in _LIST_KEYS else text.value()
        # PHP writes an array with a gap in its indices as an object: {"0": {...}, "2": {...}}.
        if _is_numbered(key, value):
            numbered += 1
        else:
            data[key] = value
    if numbered:
        data[_NUMBERED] = _Listed(start, numbered, True, is_object=True)
    return data


def _is_numbered(key: str, value: Any) -> bool:
    return key.isdigit() and isinstance(value, dict)


def _elements(open_: Open, listed: _Listed) -> Iterator[Any]:
    with open_() as stream:
        text = JsonText(TextStream(stream).read, listed.start)
        if not listed.is_object:
            yield from text.elements()
            return
        for key in text.keys():  # noqa: SIM118 (a cursor, not a mapping)
            if _is_numbered(key, value := text.value()):
                yield value


def _line(text: str) -> str:
    cleaned = clean_text(text[:2000]) or text.strip()
    return cleaned if len(cleaned) <= _EXCERPT else cleaned[:_EXCERPT] + "..."


# JSON to elements ----------------------------------------------------------------------------------------


def _listed(data: Any) -> _Listed | None:
    if isinstance(data, _Listed):
        return data if data.is_of_documents else None
    if not isinstance(data, dict):
        return None
    for key in (*_LIST_KEYS, _NUMBERED):
        if (found := _listed(data.get(key))) is not None:
            return found
    return None


def _excuse(data: Any) -> str:
    if not isinstance(data, dict):
        return ""
    said = next((data[key] for key in ("message", "pesan", "error") if isinstance(data.get(key), str)), None)
    return f": {_line(said)!r}" if said else ""


def _next_link(data: Any) -> str | None:
    for place in _paging(data):
        for key in _NEXT_KEYS:
            link = place.get(key)
            if isinstance(link, dict):
                link = link.get("href") or link.get("url")
            if isinstance(link, str) and not is_nothing(link):
                return link.strip()
    return None


def _total(data: Any) -> int | None:
    for place in _paging(data):
        for key in _TOTAL_KEYS:
            value = place.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
                return int(value)
    return None


def _paging(data: Any) -> Iterator[dict[str, Any]]:
    """Where paging may be told: the object itself, its "meta" and the like, the object around the list."""
    inner = data
    for _ in range(_DEEPEST):
        if not isinstance(inner, dict):
            return
        yield inner
        yield from (inner[key] for key in _PAGING_KEYS if isinstance(inner.get(key), dict))
        inner = inner.get("data")


# Elements to cells ---------------------------------------------------------------------------------------


def _reader(shape: Iterable[str]) -> dict[str, list[str]]:
    """Which keys of an object of this shape to look in for each column, in order."""
    by_alias: dict[str, str] = {}
    for key in shape:
        by_alias.setdefault(re.sub(r"[_\-\s]", "", key).lower(), key)
    return {
        column: [by_alias[alias] for alias in aliases if alias in by_alias]
        for column, aliases in _ALIASES.items()
    }


def _first(element: dict[str, Any], keys: list[str], column: str) -> str | None:
    """The first value that says something in this column, as text."""
    for key in keys:
        value = element[key]
        if isinstance(value, dict):
            # A joined table: {"kategori": {"nama_kategori": "Peraturan Bupati", ...}}.
            value = next((v for k, v in value.items() if k.split("_")[0] in _NAME_KEYS), None)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            text = whole_characters(str(value))
            if not is_nothing(text) and _says_something(text, column):
                return text
    return None


def _says_something(text: str, column: str) -> bool:
    if column == "type_name":
        return not text.strip().isdigit()  # the id of a type
    if column in ("detail_url", "file_url"):
        return "/" in text  # else the bare name of a file
    return True


def _short(element: Any) -> str:
    return whole_characters(json.dumps(element, ensure_ascii=False)[:_LONGEST_RAW])
