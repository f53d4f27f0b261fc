"""Legal documents as JSON: the feed that members send to the national network JDIHN, and its relatives.

Permenkumham 8/2019 has each member publish one array of documents. In the wild it comes bare or wrapped,
whole or in pages, with PHP's warnings before it and bytes of another encoding inside; some CMSs answer with
an API of their own under other key names. All of that is read here; what is no list of documents is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from collectors.encodings import decode_text
from collectors.evidence import ParseError, Reject
from collectors.http import blocked_reason
from collectors.indonesian import clean_text, is_nothing
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

_DECODER = json.JSONDecoder(strict=False)
_START = re.compile(r"(?:^|>)\s*([\[{])", re.MULTILINE)
_MOST_STARTS = 50
_EXCERPT = 120
_LONGEST_RAW = 2000


@dataclass(frozen=True)
class Feed:
    """One answer: its elements as JSON has them, where the next page is, how many there are in all."""

    elements: tuple[Any, ...]
    next_link: str | None
    total: int | None


def read_feed(payload: bytes, headers: tuple[tuple[str, str], ...], where: str, notes: Notes) -> Feed:
    """The elements of one JSON answer.

    Raises ParseError, naming `where`, for an answer that is no list of documents: an error text with status
    200, truncated JSON, an object without a list.
    """
    text, repaired = decode_text(payload)
    if repaired:
        notes.say(f"{where}: {repaired} bita bukan UTF-8, dibaca sebagai Windows-1252")
    data = _json(text, where, notes, blocked_reason(headers, payload))
    elements = _elements(data)
    if elements is None:
        keys = ", ".join(sorted(map(str, data))[:12]) if isinstance(data, dict) else type(data).__name__
        raise ParseError(
            where,
            f"the JSON holds no list of documents (it has: {keys}){_excuse(data)}",
            "Check the address; it must be that of the integration feed",
        )
    return Feed(tuple(elements), _next_link(data), _total(data))


def rows(feed: Feed, where: str, first: int) -> Iterator[Cells | Reject]:
    """The elements as rows numbered from `first`; what is no object is a reject."""
    readers: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for position, element in enumerate(feed.elements, start=first):
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


def _json(text: str, where: str, notes: Notes, blocked: str | None) -> Any:
    """The JSON value in a text that may have a program's complaints before or after it."""
    stripped = text.lstrip()
    if not stripped:
        raise ParseError(where, "the answer is empty", "Collect again; if it stays so, tell the site's owner")
    if stripped[0] in "[{":
        try:
            data, end = _decoded(stripped, 0, where)
        except ValueError as error:
            raise ParseError(
                where,
                f"the JSON cannot be read ({error}); it is damaged or cut off ({len(text)} characters)",
                "Collect again; if it stays so, tell the site's owner",
            ) from error
        _after(stripped[end:], where, notes)
        return data
    # A whole page may hold JSON of its own in a script, which is no answer.
    is_page = "<html" in stripped[:2000].lower()
    for found, _ in zip(() if is_page else _START.finditer(stripped), range(_MOST_STARTS), strict=False):
        try:
            data, end = _decoded(stripped, found.start(1), where)
        except ValueError:
            # Brackets of a warning.
            continue
        if _elements(data) is not None:
            _after(stripped[end:], where, notes)
            notes.say(f"{where}: teks sebelum JSON dilewati: {_line(stripped[: found.start(1)])!r}")
            return data
    raise ParseError(
        where,
        blocked or f"the source answered with text instead of a list: {_line(stripped)!r}",
        "Collect again; if it stays so, tell the site's owner",
    )


def _decoded(text: str, at: int, where: str) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise ParseError(
            where, "the JSON is nested too deeply", "Check that the address is the feed"
        ) from error


def _after(rest: str, where: str, notes: Notes) -> None:
    extra = rest.strip().lstrip(";").strip()
    if extra and not extra.startswith("<"):
        raise ParseError(
            where,
            f"there is more after the JSON: {_line(extra)!r}",
            "Tell the site's owner; two answers may have been glued together",
        )
    if rest.strip():
        notes.say(f"{where}: teks sesudah JSON dilewati: {_line(rest.strip())!r}")


def _line(text: str) -> str:
    cleaned = clean_text(text[:2000]) or text.strip()
    return cleaned if len(cleaned) <= _EXCERPT else cleaned[:_EXCERPT] + "..."


# JSON to elements ----------------------------------------------------------------------------------------


def _elements(data: Any, depth: int = 0) -> list[Any] | None:
    if isinstance(data, list):
        # A list of bare words or numbers is none of documents.
        is_listing = all(element is None or isinstance(element, (dict, list)) for element in data)
        return data if is_listing else None
    if not isinstance(data, dict) or depth > _DEEPEST:
        return None
    for key in _LIST_KEYS:
        if key in data and (found := _elements(data[key], depth + 1)) is not None:
            return found
    # PHP writes an array with a gap in its indices as an object: {"0": {...}, "2": {...}}.
    numbered = [value for key, value in data.items() if key.isdigit() and isinstance(value, dict)]
    return numbered or None


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
            if isinstance(value, str) and value.isascii() and value.isdigit():
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
            text = _whole(str(value))
            if not is_nothing(text) and _says_something(text, column):
                return text
    return None


def _says_something(text: str, column: str) -> bool:
    if column == "type_name":
        return not text.strip().isdigit()  # the id of a type
    if column in ("detail_url", "file_url"):
        return "/" in text  # else the bare name of a file
    return True


def _whole(text: str) -> str:
    """Text without halves of characters, which JSON can escape and no database can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _short(element: Any) -> str:
    return _whole(json.dumps(element, ensure_ascii=False)[:_LONGEST_RAW])
