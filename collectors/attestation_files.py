"""Evidence files of attestations: what was written down of them, and what kind of document each is.

A *receipt* lies beside an imported workbook, as ``sha256sum`` writes it: a line for each evidence file with
its digest and where it lies in the drop folder, and a comment with each moment of import.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from collectors.block_pages import blocked_reason
from collectors.document_heading import Shown, kind_by_heading
from collectors.evidence import Capture, ParseError
from collectors.indonesian import normalise_title
from collectors.pdf_pages import Unreadable, first_pages, is_pdf

RECEIPT = ".sha256"
"""What is added to the name of a workbook to name its receipt."""
EVIDENCE_FOLDER = "berkas"
DOCUMENT_KINDS: Mapping[str, str] = {
    "peraturan": "peraturan",
    "keputusan": "keputusan",
    "keputusan_kepala_unit": "keputusan kepala unit",
    "perjanjian": "perjanjian",
    "dokumen_perencanaan": "dokumen perencanaan",
    "prosedur": "prosedur",
    "laporan": "laporan",
    "notula": "notula",
    "berita_acara": "berita acara",
    "data_dukung": "data dukung",
    "tangkapan_layar": "tangkapan layar",
    "halaman_web": "halaman web",
    "surat": "surat",
    "surat_edaran": "surat edaran",
    "draf": "draf",
    "halaman_login": "halaman login",
    "lainnya": "lainnya",
}
"""Kinds of evidence documents: the code, and the word that officers choose."""

_LINE = re.compile(r"^([0-9a-f]{64}) [ *](.+)$")
_IMPORTED = "# diimpor "
_DRAFT = re.compile(r"^(?:rancangan|konsep)\b|\b(?:draf|draft|drafts)\b")
_CIRCULAR = re.compile(r"\bsurat edaran\b")
_PAGE_SUFFIXES = (".html", ".htm", ".mhtml")


@dataclass(frozen=True)
class Receipt:
    """`files` maps a name as the workbook says it to where it lies and its SHA-256; `imports` are moments."""

    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    imports: tuple[datetime, ...] = ()

    @property
    def first_import(self) -> datetime | None:
        """When the workbook was first handed in."""
        return min(self.imports, default=None)


def stored_name(name: str, digest: str) -> str:
    """Where in the drop folder a file of that name and digest lies: two files of one name stay apart."""
    return f"{EVIDENCE_FOLDER}/{digest[:16]}/{name}"


def read_receipt(payload: bytes, where: str) -> Receipt:
    """The receipt. Raises ParseError naming the line that is damaged."""
    files: dict[str, tuple[str, str]] = {}
    imports: list[datetime] = []
    for number, line in enumerate(payload.decode("utf-8", "replace").splitlines(), start=1):
        found = _LINE.match(line)
        stored = PurePosixPath(found[2]) if found else None
        if found and stored and len(stored.parts) > 2 and stored.parts[0] == EVIDENCE_FOLDER:
            files.setdefault("/".join(stored.parts[2:]), (str(stored), found[1]))
            continue
        try:
            if not line.startswith(_IMPORTED):
                raise ValueError(line)
            moment = datetime.fromisoformat(line.removeprefix(_IMPORTED))
            if moment.tzinfo is None:
                raise ValueError(line)
            imports.append(moment)
        except ValueError as error:
            raise ParseError(
                where,
                f"line {number} is damaged",
                "Remove this file and import the workbook again with pantau attest import.",
            ) from error
    return Receipt(files, tuple(imports))


def write_receipt(receipt: Receipt) -> bytes:
    """The receipt as `read_receipt` reads it."""
    lines = [f"{_IMPORTED}{moment.isoformat()}" for moment in receipt.imports]
    lines += [f"{digest}  {stored}" for stored, digest in receipt.files.values()]
    return ("\n".join(lines) + "\n").encode()


def document_kind(text: str) -> str | None:
    """The code of a kind as an officer writes it, or None."""
    code = normalise_title(text).replace(" ", "_")
    return code if code in DOCUMENT_KINDS else None


@dataclass(frozen=True)
class PdfKinds:
    """What the PDFs among captured files are by their headings, by capture.

    `unread` has the names of those that could not be read, and why, in Indonesian.
    """

    shown: Mapping[str, Shown]
    unread: tuple[tuple[str, str], ...]


def pdf_kinds(files: Mapping[str, Capture]) -> PdfKinds:
    """Read the first pages of every file that is a PDF, whatever its name says."""
    names = [name for name, file in files.items() if _is_pdf(file)]
    shown: dict[str, Shown] = {}
    unread: list[tuple[str, str]] = []
    for name, pages in zip(names, first_pages(files[name].payload for name in names), strict=True):
        if isinstance(pages, Unreadable):
            unread.append((name, pages.why))
        elif not any(page.lines for page in pages):
            unread.append((name, "pindaian tanpa teks"))
        elif found := kind_by_heading(pages):
            shown[files[name].capture_id] = found
    return PdfKinds(shown, tuple(unread))


def _is_pdf(file: Capture) -> bool:
    with file.open() as stream:
        return is_pdf(stream.read(1024))


def kind_shown_by(name: str, file: Capture, pdfs: PdfKinds) -> str | None:
    """The kind that a file's name or content shows, whatever was declared; else None.

    Shown are a draft ("draf" in the name, or "rancangan" at its start), a circular letter by its name, a PDF
    that is either by its heading, and a saved web page that asks to log in.
    """
    words = normalise_title(PurePosixPath(name).stem)
    if _DRAFT.search(words):
        return "draf"
    if _CIRCULAR.search(words):
        return "surat_edaran"
    if file.capture_id in pdfs.shown:
        return pdfs.shown[file.capture_id].kind
    with file.open() as stream:
        is_page = name.lower().endswith(_PAGE_SUFFIXES) or b"<html" in stream.read(1024).lower()
    if is_page and (blocked_reason((), file.payload) or "").startswith("the site asks to log in"):
        return "halaman_login"
    return None
