"""What one legal product does to another: amends or repeals it, as a title, a listing or a page says.

A relation names its other product by type, number and year, which is what identifies a product inside one
institution (`legal_titles.regulation_key`). UU 12/2011 (Lampiran II) has an amending or repealing product
say in its title what it amends or repeals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

from collectors.indonesian import normalise_title
from collectors.legal_titles import own_number, parse_year, tidy_number, type_code

Kind = Literal["mengubah", "mencabut", "diubah_oleh", "dicabut_oleh"]
Place = Literal["judul", "daftar", "rincian"]
NO_RELATIONS = "[]"
_LONGEST_RAW = 300
_MOST = 100

_PRODUCT_WORD = r"(?:peraturan|keputusan|instruksi|surat\s+edaran|per(?:da|wal|wali|wako|bup|gub)|qanun)\b"
# "Perubahan Kedua atas Peraturan ...", "Pencabutan Peraturan ...": the subject begins so.
_IN_TITLE = re.compile(
    r"(?:^|\btentang|\d)\W*\b(?P<what>perubahan|pencabutan)\b"
    r"(?P<how>(?:\s+(?:ke\w+|pertama|atas|terhadap|lampiran|ketentuan|sebagian|[ivx]+|\d{1,2}))*)\s+"
    rf"(?P<rest>{_PRODUCT_WORD}.*)$",
    re.IGNORECASE | re.DOTALL,
)
# A further product counts only straight after the number of the one before: behind "tentang", products belong
# to the subject of the one that is repealed.
_NEXT_ONE = re.compile(
    r"^[^\d]{0,200}?\b(?:nomor|no\b)[\s.:]*\S+(?:\s+tahun\s+\d{4})?\s*(?:,|;|\bdan\b|\bserta\b)[\s,;]*(?:dan\s+)?"
    rf"(?P<rest>{_PRODUCT_WORD}.*)$",
    re.IGNORECASE | re.DOTALL,
)
_STATED = re.compile(
    r"\b(?P<what>dicabut|mencabut|diubah|dirubah|mengubah|merubah)\b(?P<how>(?:\s+(?:sebagian|oleh|dengan)|\s*:)*)"
    r"\s*(?P<rest>(?:(?!\b(?:dicabut|mencabut|di[ru]+bah|me(?:ng|r)ubah)\b).)+)",
    re.IGNORECASE | re.DOTALL,
)
_ANYWHERE = re.compile(
    r"^\W*(?P<heading>[^\d]{1,120}?)\b(?:nomor|no)\b[\s.:]*(?P<number>[\w./-]{1,60}?)\s+(?:tahun|thn)\s+(?P<year>\d{4})\b",
    re.IGNORECASE,
)
# The word, what it means, and what it means with "sebagian": what is repealed in part stays in force.
_KINDS: tuple[tuple[re.Pattern[str], Kind, Kind], ...] = (
    (re.compile(r"\bdicabut\b"), "dicabut_oleh", "diubah_oleh"),
    (re.compile(r"\bmencabut\b"), "mencabut", "mengubah"),
    (re.compile(r"\bdi(?:ubah|rubah)\b"), "diubah_oleh", "diubah_oleh"),
    (re.compile(r"\bme(?:ngubah|rubah)\b"), "mengubah", "mengubah"),
)


@dataclass(frozen=True)
class Relation:
    """That a product amends, repeals, is amended or repealed by the one named, and where it is said.

    `raw` is the wording; `stated_in` judul (its own title), daftar (the listing or feed) or rincian (its
    page).
    """

    kind: Kind
    type_code: str
    number: str
    year: int | None
    raw: str
    stated_in: Place


@lru_cache(4096)
def kind_of(words: str) -> Kind | None:
    """The kind of relation that a heading such as "Dicabut dengan :" announces, or None.

    What is repealed in part stays in force: it is amended.

    >>> kind_of("Dicabut dengan :")
    'dicabut_oleh'
    >>> kind_of("mencabut sebagian")
    'mengubah'
    """
    plain = normalise_title(words)
    for pattern, whole, partly in _KINDS:
        if pattern.search(plain):
            return partly if "sebagian" in plain else whole
    return None


def named(kind: Kind, text: str, stated_in: Place) -> Relation | None:
    """The relation to the product that a text begins with, or None where it names none with a number.

    >>> named("mencabut", "Perwali Kota Contoh No. 4 Tahun 2019 tentang Data", "rincian").number
    '4'
    """
    text = " ".join(text.split())
    own = own_number(text)
    if own is not None and own.heading:
        heading, number, year = own.heading, own.number, own.year
    else:
        match = _ANYWHERE.match(text)
        tidied = tidy_number(match["number"]) if match else None
        if match is None or tidied is None:
            return None
        heading, number, year = match["heading"], tidied, parse_year(match["year"])
    return Relation(kind, type_code(heading) or "lainnya", number, year, text[:_LONGEST_RAW], stated_in)


def in_title(title: str) -> tuple[Relation, ...]:
    """What a product's own title says that it amends or repeals.

    Only the products named first: those after "tentang" are the subject of the one that is amended.

    >>> [(r.kind, r.number) for r in in_title("Pencabutan atas Peraturan Daerah Nomor 9 Tahun 2014 tentang "
    ...     "Perubahan atas Peraturan Daerah Nomor 4 Tahun 2010")]
    [('mencabut', '9')]
    """
    # Most titles hold neither word, and a search costs many times as much.
    words = title.lower()
    if "perubahan" not in words and "pencabutan" not in words:
        return ()
    match = _IN_TITLE.search(title)
    if match is None or len(re.findall(r"\btentang\b", title[: match.start("what")], re.IGNORECASE)) > 1:
        return ()
    repeals = match["what"].lower() == "pencabutan" and "sebagian" not in match["how"].lower()
    kind: Kind = "mencabut" if repeals else "mengubah"
    found: list[Relation] = []
    rest: str | None = match["rest"]
    while rest is not None and len(found) < _MOST:
        relation = named(kind, rest, "judul")
        if relation is None:
            break
        found.append(relation)
        following = _NEXT_ONE.match(rest)
        rest = following["rest"] if following else None
    return tuple(found)


@lru_cache(4096)
def in_words(text: str | None, stated_in: Place) -> tuple[Relation, ...]:
    """What a status or note says, such as "Dicabut dengan Peraturan Daerah Nomor 1 Tahun 2024"."""
    found: list[Relation] = []
    for match in _STATED.finditer(text or ""):
        kind = kind_of(f"{match['what']} {match['how']}")
        relation = named(kind, match["rest"], stated_in) if kind else None
        if relation is not None:
            found.append(relation)
    return tuple(found[:_MOST])


def to_text(relations: Iterable[Relation]) -> str:
    """Relations as the JSON list that a record keeps, each once, the place that said it first."""
    once: dict[tuple[str, str, str, int | None], Relation] = {}
    for one in relations:
        once.setdefault((one.kind, one.type_code, one.number, one.year), one)
    kept = list(once.values())[:_MOST]
    return json.dumps([asdict(one) for one in kept], ensure_ascii=False) if kept else NO_RELATIONS
