"""What kind of document a text is by its own word: a draft or a circular letter, by heading or watermark.

Only what stands over the text counts, never what the text speaks of: a decree that revokes a circular,
minutes on a draft, a letter about either. The first line that names a kind of document decides; where it is
unclear, the text says nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.pdf_pages import Page

_HEAD_LINES = 30
"""A heading stands among the first lines of the first page that has any text."""
_TOP_LINES = 3
"""A draft's word alone stands on top of all; further down it may be a cell of a table."""
_TITLE_LINES = 12
_PRODUCT = "PERATURAN|KEPUTUSAN|INSTRUKSI|SURATEDARAN"
# Letters only: headings are set wide ("S U R A T  E D A R A N"), and readers lose or add spaces.
_DRAFT_OF = re.compile(rf"(?:RANCANGAN|KONSEP)(?:{_PRODUCT})")
_DRAFT_WORD = re.compile(r"DRAFT?\b")
_LONE_DRAFT = re.compile(r"DRAFT?(?:AWAL|AKHIR|FINAL|KE|V|VERSI|REV|REVISI)*")
_CIRCULAR = re.compile(
    r"SURATEDARAN(?:$|NOMOR|NO\b|BERSAMA|TENTANG|WALIKOTA|BUPATI|GUBERNUR|SEKRETARIS|KEPALA|MENTERI|DIREKTUR|KETUA"
    r"|PEMERINTAH|DINAS|BADAN|INSPEKTUR|CAMAT|REKTOR|PJ|PENJABAT|PLT)"
)
_NUMBER = re.compile(r"(?i)(?:nomor|no)\b[ .:]*\S{0,40}(?: tahun \d{4})?")
# Another kind of document, or the text itself: what comes below is no heading.
_OTHER = re.compile(
    r"(?i)(?:peraturan|keputusan|instruksi|maklumat|pengumuman|undang|surat (?!edaran)|nota\b|notul|risalah"
    r"|berita acara|laporan"
    r"|perjanjian|kesepa|naskah|lembar|daftar|matriks|tela?ah|kajian|pedoman|panduan|petunjuk|standar|prosedur|sop\b"
    r"|lampiran|memo|resume|ringkasan|rencana|kerangka|dokumen|presentasi|buku|catatan|hasil|tanggapan|evaluasi"
    r"|program|inventaris|rekap|data\b|tabel|jadwal|agenda|usul|pengajuan|permohonan|profil|materi|paparan|bukti|formulir"
    r"|perihal|hal\b|menimbang|mengingat|memperhatikan|memutuskan|menetapkan|tentang|bab [ivx\d]|pendahuluan"
    r"|latar belakang|dasar\b|assalam|dalam rangka|sehubungan|menindaklanjuti|berdasarkan|bersama ini)"
)
# A line that ends so goes on in the next.
_GOES_ON = re.compile(
    r"(?i)\b(?:atas|tentang|dan|dari|untuk|pada|terhadap|oleh|dengan|p?en[a-z]+an|pe(?:mb|l|r|ny)[a-z]+an|sosialisasi|evaluasi"
    r"|harmonisasi|fasilitasi|tindak lanjut|reviu|uji publik)\s*$"
)
_LETTERHEAD = re.compile(
    r"(?i)(?:pemerintah|dinas|badan|sekretariat|kementerian|lembaga|inspektorat|biro|bagian|bidang|kantor|unit"
    r"|rumah sakit|kecamatan|kelurahan|direktorat|pusat|balai|universitas)\b"
)
_WATERMARK = re.compile(r"(?:DRAFT?|RANCANGAN|KONSEP)+")
_DRAFT_MARK = re.compile(r"(?:DRAFT?)+")


@dataclass(frozen=True)
class Shown:
    """The kind of a document (a code of DOCUMENT_KINDS) and the words that show it."""

    kind: str
    words: str


def kind_by_heading(pages: Sequence[Page]) -> Shown | None:
    """The kind that the heading shows, else the one of a watermark, else None."""
    return _by_heading(pages) or _by_mark(pages)


def _by_heading(pages: Sequence[Page]) -> Shown | None:
    head = next((page.lines for page in pages if page.lines), ())[:_HEAD_LINES]
    for number, line in enumerate(head):
        following = head[number + 1] if number + 1 < len(head) else ""
        before = head[number - 1] if number else ""
        goes_on = _GOES_ON.search(before) and not _LETTERHEAD.match(before)
        if goes_on and before.isupper() == line.isupper():
            return None
        shown = _named(line, following)
        if shown is not None:
            within = _HEAD_LINES if shown.kind == "surat_edaran" else _TITLE_LINES
            is_alone = _LONE_DRAFT.fullmatch(_letters(line))
            return shown if number < (_TOP_LINES if is_alone else within) else None
        if _OTHER.match(line):
            return None
    return None


def _named(line: str, following: str) -> Shown | None:
    """What a line of the heading names, together with the one below it."""
    letters = _letters(line)
    words = line[:120]
    if _LONE_DRAFT.fullmatch(letters):
        return Shown("draf", words)
    if line.isupper():
        if _DRAFT_WORD.match(line) or _DRAFT_OF.match(letters):
            return Shown("draf", words)
        if letters in ("RANCANGAN", "KONSEP") and _DRAFT_OF.match(letters + _letters(following)):
            return Shown("draf", f"{words} {following[:120]}") if following.isupper() else None
        if _CIRCULAR.match(letters):
            return Shown("surat_edaran", words)
    elif letters == "SURATEDARAN" and _NUMBER.fullmatch(following):
        return Shown("surat_edaran", words)
    return None


def _by_mark(pages: Sequence[Page]) -> Shown | None:
    """A watermark: a draft's word askew across a page, in huge letters, or at the edge of page after page."""
    for page in pages:
        for text in page.slanted:
            if _WATERMARK.fullmatch(_letters(text)):
                return Shown("draf", text[:120])
        for text in page.large:
            if _DRAFT_MARK.fullmatch(_letters(text)):
                return Shown("draf", text[:120])
    at_edges = [
        {_letters(line) for line in (*page.lines[:2], *page.lines[-2:]) if line.isupper()} for page in pages
    ]
    for one, other in itertools.pairwise(at_edges):
        if repeated := [text for text in sorted(one & other) if _DRAFT_MARK.fullmatch(text)]:
            return Shown("draf", repeated[0])
    return None


def _letters(line: str) -> str:
    return "".join(c for c in line.upper() if "A" <= c <= "Z")
