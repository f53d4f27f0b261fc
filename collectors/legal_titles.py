"""What the words of a legal product say: its own number and year, its type, its status.

Types follow the products of regional law in Permendagri 80/2015 (as amended by 120/2018).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from collectors.indonesian import clean_text, is_nothing, normalise_title, parse_date

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
_LONGEST_NUMBER = 100

# Heading, "Nomor", number, and often "Tahun" and the year. A number holds a digit; its parts may stand apart
# ("188.45 / 96 / KPTS"), and a lone letter may follow it ("31 A"). Only the first "Nomor" can be the own one.
_NUMBERED = re.compile(
    r"^(?P<heading>.{0,200}?)(?:(?:nomor|\bnomer\b|\bno\b|\bno(?=\d))[\s.:]*){1,2}"
    r"(?P<number>\d+(?=\s*tahun\s*\d)"
    r"|(?=[\w.\-/ ]{0,60}\d)[\w.\-]{1,40}(?:\s?/\s?[\w.\-]{1,40}){0,8}(?:\s[a-z](?=\s+t))?)"
    r"(?:\s*(?:tahun|thn|th)\b\.?\s*(?P<year>\d{4})\b)?",
    re.IGNORECASE,
)
_YEAR_AT_END = re.compile(r"^(?P<number>.*\d.*)/(?P<year>(?:19|20)\d{2})$")
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_NUMBER_WORD = re.compile(r"^(?:nomor|no\b)[\s.:]*", re.IGNORECASE)
_HEADING_WORDS = re.compile(
    r"(?:peraturan|keputusan|instruksi|surat|perda|perdasi|perdasus|perkada|per(?:wal|wali|wako|bup|gub)"
    r"|kep(?:wal|wali|bup|gub)|in(?:wal|bup|gub)|qanun|maklumat|undang|sk|se)$"
)
_MISSPELT = ("peraturan", "keputusan", "instruksi")
# After one of these the number belongs to another product.
_OF_ANOTHER = re.compile(
    r"\b(?:tentang|atas|perubahan|pencabutan|pelaksana\w*|penjabaran|penjelasan|petunjuk|pedoman|rancangan|"
    r"tindak|berdasarkan|pengganti|dicabut|diganti|diubah|oleh)\b"
)
_PRODUCT = re.compile(r"\b(?:peraturan|keputusan|instruksi|undang undang|per(?:da|wal|wali|bup|gub))\b")

_AMENDS = re.compile(r"(?:tentang )?perubahan (?:(?:ke\w+|pertama) )?atas ")

_HEAD = r"(?:pj |penjabat |plt |plh )?(?:wali ?kota|bupati|gubernur|kepala daerah)\b"
_TYPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"rancangan|ranperda|raperda|ranperwal|raperwal|naskah akademik|propemperda", "lainnya"),
        (r"(?:peraturan daerah|perda|perdasi|perdasus|qanun)\b", "perda"),
        (rf"peraturan {_HEAD}|per(?:wal|wali|wako|bup|gub|kada)\b", "perkada"),
        (rf"(?:surat )?keputusan {_HEAD}|sk {_HEAD}|kep(?:wal|wali|bup|gub|kada)\b", "kepkada"),
        (rf"instruksi {_HEAD}|in(?:wal|bup|gub)\b|instruksi$", "instruksi"),
        (r"surat edaran(?! (?:menteri|presiden|kepala badan|direktur|mahkamah|bersama))|se$", "surat_edaran"),
        (
            r"(?:peraturan|keputusan|instruksi|surat edaran) (?:menteri|presiden|pemerintah|badan|lembaga"
            r"|bersama|dprd|dewan|desa|kepala (?!daerah)|sekretaris|direktur|direksi)|undang undang|putusan"
            r"|yurisprudensi|monografi|buku|artikel|majalah|opini|perjanjian|nota kesepa|katalog|literatur"
            r"|kajian|penelitian",
            "lainnya",
        ),
    )
)
# "Bersama" is a type of its own, but CMS users also pick it from the list by mistake: the title decides.
_UNSURE = re.compile(r"peraturan bersama\b")

_STATUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), status)
    for pattern, status in (
        (r"\bbelum berlaku\b|\b(?:tidak|belum) di(?:cabut|ubah)\b", "tidak_diketahui"),
        (r"\b(?:dicabut|tidak berlaku) (?:untuk )?sebagian\b", "diubah"),
        (r"\bdicabut\b|\btidak (?:lagi )?berlaku\b", "dicabut"),
        (r"\bdiubah\b", "diubah"),
        # What the product does to others; "baru" is a CMS's word for doing nothing to others.
        (r"\bberlaku\b|\bmencabut\b|\bmengubah\b|\bmerubah\b|^baru$", "berlaku"),
    )
)


@dataclass(frozen=True)
class OwnNumber:
    """The number that a title gives its own product, and what stands before it."""

    heading: str
    number: str
    year: int | None


def own_number(title: str) -> OwnNumber | None:
    """The number (and year) of the product that bears this title, never that of one it amends or repeals.

    >>> own_number("PERATURAN DAERAH KOTA CONTOH NO 04 TAHUN 2020 TENTANG PAJAK")
    OwnNumber(heading='PERATURAN DAERAH KOTA CONTOH', number='4', year=2020)
    >>> own_number("PERUBAHAN ATAS PERATURAN DAERAH NOMOR 13 TAHUN 2012")
    """
    match = _NUMBERED.match(title)
    if match is None or not _is_own_heading(match["heading"]):
        return None
    number = tidy_number(match["number"])
    if number is None:
        return None
    year = parse_year(match["year"])
    if match["year"] is None and (ended := _YEAR_AT_END.match(number)):
        year = int(ended["year"])
        # "12/2019" is number 12; "188.45/96/KPTS/2021" is a number as it stands.
        if ended["number"].isdigit():
            number = ended["number"]
    return OwnNumber(match["heading"].strip(" ,.:-"), number, year)


def _is_own_heading(heading: str) -> bool:
    words = normalise_title(heading)
    if not words:
        return True
    first = words.split(maxsplit=1)[0]
    if not _HEADING_WORDS.match(first) and not get_close_matches(first, _MISSPELT, 1, 0.85):
        return False
    return _OF_ANOTHER.search(words) is None and len(_PRODUCT.findall(words)) < 2


def tidy_number(text: str | None) -> str | None:
    """A number as listings give it, without "Nomor", the year after it, spaces at slashes and leading zeros.

    None for nothing, and for 0, which one CMS writes where there is no number.
    """
    cleaned = clean_text(text)
    if cleaned is None or is_nothing(cleaned):
        return None
    bare = _NUMBER_WORD.sub("", cleaned)
    bare = re.split(r"\s+(?:tahun|thn|tentang)\b", bare, maxsplit=1, flags=re.IGNORECASE)[0]
    bare = re.sub(r"\s*/\s*", "/", bare).strip(" .,:;")
    if bare.isascii() and bare.isdigit():
        bare = bare.lstrip("0")
    return bare[:_LONGEST_NUMBER] or None


def parse_year(text: str | None) -> int | None:
    """The year in a cell that holds a year or a whole date; None for nothing, "0000" and impossible years."""
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    # What Python calls digits includes superscripts, which are no number.
    if not cleaned.isdecimal():
        try:
            day = parse_date(cleaned)
        except ValueError:
            years = _ANY_YEAR.findall(cleaned)
            return int(years[0]) if len(set(years)) == 1 else None
        return day.year if day else None
    return int(cleaned) if len(cleaned) == 4 and EARLIEST_YEAR <= int(cleaned) <= LATEST_YEAR else None


@lru_cache(4096)
def type_code(name: str | None) -> str | None:
    """The type code (see RegulationRecord) that a type name or heading means, or None where it says none."""
    words = normalise_title(name or "")
    if not words or _UNSURE.match(words):
        return None
    return next((code for pattern, code in _TYPES if pattern.match(words)), None)


def amended_type(title_norm: str) -> str | None:
    """The type code of a product whose title says only what it amends, or None.

    A product is amended by one of its own type.

    >>> amended_type("perubahan kedua atas peraturan daerah kota contoh nomor 7 tahun 2016 tentang pajak")
    'perda'
    """
    match = _AMENDS.match(title_norm)
    return type_code(title_norm[match.end() :]) if match else None


@lru_cache(4096)
def status_of(text: str | None) -> str:
    """The status (see RegulationRecord) that a listing's word means; for "1", "-" and nothing it is unknown.

    A listing's word proves little about repeal: in a measured feed 536 of 538 rows say "Berlaku" although the
    same database knows of 24 repeals and amendments. So the wording is kept beside it.
    """
    words = normalise_title(text or "")
    return next((status for pattern, status in _STATUSES if pattern.search(words)), "tidak_diketahui")


def regulation_key(code: str, year: int | None, number: str | None, title_norm: str) -> str:
    """What identifies a product inside one institution, the same in every source of it."""
    if year is None or number is None:
        return "judul:" + hashlib.sha256(title_norm.encode()).hexdigest()[:16]
    return f"{code}/{year}/{''.join(number.lower().split())}"
