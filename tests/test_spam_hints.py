"""Pages worth reading for spam are not passed over, and most others are."""

from __future__ import annotations

import pytest

from collectors.spam_hints import has_spam_hints


@pytest.mark.parametrize(
    "page",
    [b"SLOT", b"sl0t", b"S1OT", b"t0gel", b"Maxwin", b"judi", b"casino", b"Poker", b"nawala", b"RTP Live", b"&#115;lot", b"&#X73;l&#111;t"],
)  # fmt: skip
def test_what_spam_has(page: bytes) -> None:
    assert has_spam_hints(b"<p>" + page + b"</p>")


@pytest.mark.parametrize("page", [b"", b"<p>Layanan &amp; informasi &#8211; 08.00</p>", b"\xff\xfe s l o t"])
def test_what_other_pages_have(page: bytes) -> None:
    assert not has_spam_hints(page)
