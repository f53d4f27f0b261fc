"""PDFs as small as they come, made by hand: pages of lines, each set at a size and an angle."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """A line of text; `angle` in degrees."""

    text: str
    size: float = 12
    angle: float = 0


def pdf(*pages: Sequence[str | Set], packed: bool = False) -> bytes:
    """A PDF of these pages, lines from the top down."""
    return pdf_of([_content(page) for page in pages], packed=packed)


def pdf_of(contents: Sequence[bytes], *, packed: bool = False, more: str = "") -> bytes:
    """A PDF of pages with these content streams; `more` goes into the trailer."""
    count = len(contents)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * number)
        )
        body = zlib.compress(content, 9) if packed else content
        packing = b"/Filter /FlateDecode " if packed else b""
        objects.append(b"<< %s/Length %d >>\nstream\n%s\nendstream" % (packing, len(body), body))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {more}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _content(page: Sequence[str | Set]) -> bytes:
    parts = []
    for number, line in enumerate(page):
        one = line if isinstance(line, Set) else Set(line)
        turn = math.radians(one.angle)
        matrix = f"{math.cos(turn):.4f} {math.sin(turn):.4f} {-math.sin(turn):.4f} {math.cos(turn):.4f}"
        text = one.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts.append(f"BT /F1 {one.size} Tf {matrix} 72 {780 - 20 * number} Tm ({text}) Tj ET")
    return "\n".join(parts).encode("latin-1")
