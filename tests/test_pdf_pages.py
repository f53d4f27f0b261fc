"""PDFs handed in as evidence: the first pages of real ones, and what broken, locked and hostile ones become."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Sequence

import pytest
from pypdf import PdfReader, PdfWriter

from collectors import pdf_pages
from collectors.document_heading import kind_by_heading
from collectors.pdf_pages import LARGEST, PAGES_READ, Page, Unreadable, first_pages, is_pdf
from tests.small_pdf import Set, pdf, pdf_of

pytestmark = pytest.mark.e2e

CIRCULAR = ("WALI KOTA CONTOH", "SURAT EDARAN", "NOMOR 12 TAHUN 2024")
DECREE = ("PERATURAN WALI KOTA CONTOH", "NOMOR 5 TAHUN 2024", "TENTANG", "ARSITEKTUR SPBE")


def read(document: bytes) -> tuple[Page, ...]:
    (pages,) = first_pages([document])
    assert not isinstance(pages, Unreadable), pages
    return pages


def kind(document: bytes) -> str | None:
    shown = kind_by_heading(read(document))
    return shown.kind if shown else None


def locked(document: bytes, password: str, *, algorithm: str = "AES-256") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    writer.encrypt(password, owner_password="pemilik", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("packed", [False, True])
def test_lines_come_in_order_and_only_of_the_first_pages(packed: bool) -> None:
    pages = read(pdf(*([f"HALAMAN KE {n}", "isi"] for n in range(9)), packed=packed))
    assert len(pages) == PAGES_READ
    assert pages[0].lines == ("HALAMAN KE 0", "isi")
    assert kind(pdf(CIRCULAR, packed=packed)) == "surat_edaran"
    assert kind(pdf(DECREE, CIRCULAR, packed=packed)) is None


def test_a_watermark_is_told_by_its_angle_or_its_size() -> None:
    assert kind(pdf(DECREE)) is None
    assert kind(pdf(DECREE, (*DECREE, Set("DRAFT", 80, 45)))) == "draf"
    assert kind(pdf((Set("RANCANGAN", 60, 55), *DECREE))) == "draf"
    assert kind(pdf((*DECREE, Set("DRAFT", 96)))) == "draf"
    # A word in the text, a title in large letters, a table's heading on its side.
    assert kind(pdf((*DECREE, "DRAFT", "Pasal 1"))) is None
    assert kind(pdf((Set("RANCANGAN", 40), Set("ARSITEKTUR SPBE", 40), *DECREE))) is None
    assert kind(pdf((*DECREE, Set("KONSEP", 12, 90)))) is None


def test_who_may_not_change_it_may_read_it_and_who_lacks_the_password_may_not() -> None:
    assert kind(locked(pdf(CIRCULAR), "")) == "surat_edaran"
    assert kind(locked(pdf(CIRCULAR), "", algorithm="RC4-128")) == "surat_edaran"
    assert list(first_pages([locked(pdf(CIRCULAR), "rahasia")])) == [Unreadable("terkunci kata sandi")]


def test_what_can_be_mended_is_read() -> None:
    assert kind(pdf(CIRCULAR).replace(b"/Root 1 0 R", b"/Root 99 0 R")) == "surat_edaran"
    assert kind(b"\r\n" + pdf(CIRCULAR)) == "surat_edaran"


def test_a_scan_has_no_lines() -> None:
    scan = pdf_of([b"q 595 0 0 842 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"])
    assert [page.lines for page in read(scan)] == [()]


def _bomb(size: int) -> bytes:
    return pdf_of([b"0 0 m\n" * (size // 6)], packed=True)


def _loops() -> bytes:
    return pdf(CIRCULAR).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")


def _deep() -> bytes:
    return pdf_of([b"[" * 100_000])


@pytest.mark.parametrize(
    "document",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.4\n" + bytes(range(256)) * 50,
        pdf(CIRCULAR)[:200],
        _loops(),
        _deep(),
        _bomb(200_000_000),
        pdf_of([zlib.compress(zlib.compress(b"BT " * 60_000_000))]).replace(
            b"<< /Length", b"<< /Filter [/FlateDecode /FlateDecode] /Length"
        ),
    ],
    ids=[
        "empty",
        "noise",
        "cut off",
        "a tree that is its own child",
        "deep",
        "bomb",
        "bomb in a bomb",
    ],
)
def test_what_cannot_be_read_is_said_soon_and_harms_nobody(document: bytes) -> None:
    began = time.process_time(), time.monotonic()
    broken, after = first_pages([document, pdf(CIRCULAR)])
    assert isinstance(broken, Unreadable) or not any(page.lines for page in broken)
    # The next one is read all the same.
    assert not isinstance(after, Unreadable) and after[0].lines == CIRCULAR
    assert time.process_time() - began[0] < 5


def test_whoever_takes_too_long_or_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_program(body: str) -> Sequence[tuple[Page, ...] | Unreadable]:
        program = f"import collectors.pdf_pages as p\n{body}\np._CPU_SECONDS = 1\np.serve()"
        monkeypatch.setattr(pdf_pages, "_PROGRAM", program)
        return list(first_pages([pdf(CIRCULAR), pdf(DECREE)]))

    twice = [Unreadable("terlalu rumit untuk dibaca")] * 2
    assert with_program("def f(d):\n while True: pass\np._pages = f") == twice
    assert with_program("import os\np._pages = lambda d: os.kill(os.getpid(), 9)") == twice
    assert with_program("p._pages = lambda d: bytearray(1 << 31)") == [Unreadable("rusak")] * 2


def test_a_huge_file_is_not_read() -> None:
    (found,) = first_pages([b"%PDF-" + bytes(LARGEST)])
    assert found == Unreadable("lebih besar dari 32 MiB")


def test_a_pdf_is_one_by_its_bytes() -> None:
    assert is_pdf(pdf(CIRCULAR)) and is_pdf(b"\xef\xbb\xbf\r\n%PDF-1.4")
    assert not is_pdf(b"PK\x03\x04") and not is_pdf(b"")
