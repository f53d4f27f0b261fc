"""The first pages of PDFs as lines of text, read in a process of its own.

A PDF comes from outside and its reader is large: whoever reads one may use only so much CPU time and memory,
and dies alone. What stops a hostile file is counted work (bytes decoded, tokens parsed), so that it stops at
the same place on every machine; time and memory stop only what gets past that.
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

PAGES_READ = 3
LARGEST = 1 << 25
"""A larger file is not read: a scan, most likely."""
_PROGRAM = "from collectors.pdf_pages import serve; serve()"
_CPU_SECONDS = 20
_MEMORY = 1 << 30
_TEXT_KEPT = 20_000
"""So many characters of a page are kept."""
_BOUNDS: dict[str, Any] = {
    "maximum_declared_stream_length": LARGEST,
    "array_based_stream_maximum_output_length": 8_000_000,
    "zlib_maximum_output_length": 8_000_000,
    "lzw_maximum_output_length": 8_000_000,
    "run_length_maximum_output_length": 8_000_000,
    "stream_decoding_work_maximum_length": 40_000_000,
    "stream_parsing_work_maximum_count": 300_000,
    "page_tree_maximum_entries": 20_000,
    "page_tree_maximum_page_entries": 20_000,
    "xform_maximum_invocations_per_extraction": 200,
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}
LARGE_LETTERS = 36.0
"""Points; headings of documents are smaller."""


@dataclass(frozen=True)
class Page:
    """`lines` hold letters, in the order of the page. `slanted` are texts that stand askew, `large` those in
    letters far larger than the page's others: such are watermarks."""

    lines: tuple[str, ...]
    slanted: tuple[str, ...] = ()
    large: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """Why a PDF could not be read, in Indonesian."""

    why: str


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins so is a PDF, by whatever name. Readers allow some bytes before the mark."""
    return b"%PDF-" in head[:1024]


def first_pages(documents: Iterable[bytes]) -> Iterator[tuple[Page, ...] | Unreadable]:
    """The first pages of each PDF, in order; one process reads one after the other until one kills it."""
    reader: subprocess.Popen[bytes] | None = None
    try:
        for document in documents:
            if len(document) > LARGEST:
                yield Unreadable(f"lebih besar dari {LARGEST >> 20} MiB")
                continue
            if reader is None:
                reader = subprocess.Popen(
                    [sys.executable, "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                )
            answer = _asked(reader, document)
            if answer is None:
                reader.kill()
                reader.communicate()
                reader = None
                yield Unreadable("terlalu rumit untuk dibaca")
            elif "why" in answer:
                yield Unreadable(answer["why"])
            else:
                yield tuple(Page(*map(tuple, page)) for page in answer["pages"])
    finally:
        if reader is not None:
            reader.kill()
            reader.communicate()


def _asked(reader: subprocess.Popen[bytes], document: bytes) -> dict[str, Any] | None:
    """What the process answers; None where it died over it."""
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        reader.stdin.write(len(document).to_bytes(8, "big") + document)
        reader.stdin.flush()
    except BrokenPipeError:
        return None
    line = reader.stdout.readline()
    answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
    return answer


# In the process of its own ---------------------------------------------------------------------------------


def serve() -> None:
    """Answer each document on stdin by one line of JSON on stdout."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    bound = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (bound, most))
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    while head := sys.stdin.buffer.read(8):
        document = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _CPU_SECONDS, most))
        try:
            answer: dict[str, object] = {"pages": _pages(io.BytesIO(document))}
        except _NotReadableError as error:
            answer = {"why": str(error)}
        except Exception:  # noqa: BLE001 - whatever a broken file makes the reader raise
            answer = {"why": "rusak"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class _NotReadableError(Exception):
    """A whole PDF that cannot be read; the message says why, in Indonesian."""


def _pages(document: BinaryIO) -> list[tuple[list[str], list[str], list[str]]]:
    from pypdf import Configuration, PdfReader, apply_configuration
    from pypdf.errors import DependencyError

    with apply_configuration(Configuration(**_BOUNDS)):
        reader = PdfReader(document, strict=False)
        if reader.is_encrypted:
            # Many may be opened by anyone and are only kept from being changed: their password is empty.
            try:
                is_open = bool(reader.decrypt(""))
            except (DependencyError, NotImplementedError):
                is_open = False
            if not is_open:
                raise _NotReadableError("terkunci kata sandi")
        found = []
        for number, page in enumerate(reader.pages):
            if number == PAGES_READ:
                break
            found.append(_page(page))
    return found


def _page(page: Any) -> tuple[list[str], list[str], list[str]]:
    pieces: list[tuple[str, bool, float]] = []

    def seen(text: str, around: Any, matrix: Any, _font: Any, size: float | None) -> None:
        if text.strip():
            # Both matrices turn and stretch; what they make of a letter's base line and height.
            across = matrix[0] * around[1] + matrix[1] * around[3]
            along = matrix[0] * around[0] + matrix[1] * around[2]
            tall = abs(matrix[2] * around[1] + matrix[3] * around[3]) or abs(along)
            is_askew = min(abs(across), abs(along)) > 0.05 * max(abs(across), abs(along), 1e-9)
            pieces.append((text.strip()[:200], is_askew, abs(size or 0) * tall))

    text = page.extract_text(visitor_text=seen)[:_TEXT_KEPT]
    usual = statistics.median([size for _, _, size in pieces]) if pieces else 0
    lines = [line.strip() for line in text.splitlines() if any(c.isalpha() for c in line)]
    slanted = [text for text, is_askew, _ in pieces if is_askew]
    large = [
        text for text, is_askew, size in pieces if not is_askew and size >= LARGE_LETTERS and size > 2 * usual
    ]
    return lines, slanted[:50], large[:50]
