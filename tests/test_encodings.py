"""Bytes to text when the label cannot be trusted."""

from __future__ import annotations

import pytest

from collectors.encodings import decode_text


@pytest.mark.parametrize(
    ("payload", "declared", "text", "repaired"),
    [
        ("Kafé".encode(), None, "Kafé", 0),
        ("\ufeffKafé".encode(), "utf-8", "Kafé", 0),
        ("Kafé".encode("utf-16"), None, "Kafé", 0),
        # One stray byte among UTF-8 spoils only itself.
        ("é – ".encode() + b"caf\xe9", "utf-8", "é – café", 1),
        (b"caf\xe9 \x93baru\x94", None, "café “baru”", 3),
        (b"caf\xe9 \x93baru\x94", "ISO-8859-1", "café “baru”", 0),
        ("Kafé".encode(), "iso-8859-1", "Kafé", 0),
        (b"\x81", None, "\ufffd", 1),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(
    payload: bytes, declared: str | None, text: str, repaired: int
) -> None:
    assert decode_text(payload, declared) == (text, repaired)
