"""Where a URL leads, and what a page says under the header that it came with."""

from __future__ import annotations

import pytest

from collectors.page_reading import read_page
from collectors.transfers import Place, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://kota.go.id/", Place(False, "kota.go.id", 80, "kota.go.id", "/")),
        ("https://kota.go.id:443/a?b=c&d", Place(True, "kota.go.id", 443, "kota.go.id", "/a?b=c&d")),
        ("https://kota.go.id:8443/a#b", Place(True, "kota.go.id", 8443, "kota.go.id:8443", "/a")),
        ("http://kota.go.id:60999/", Place(False, "kota.go.id", 60999, "kota.go.id:60999", "/")),
        ("http://kota.go.id?x=1", Place(False, "kota.go.id", 80, "kota.go.id", "/?x=1")),
        ("http://[2001:db8::1]:81/x", Place(False, "2001:db8::1", 81, "[2001:db8::1]:81", "/x")),
        ("https://[2001:db8::1]/", Place(True, "2001:db8::1", 443, "[2001:db8::1]", "/")),
    ],
)
def test_a_url_leads_to_one_place(url: str, place: Place) -> None:
    assert place_of(url) == place


def test_the_same_body_is_read_by_the_header_that_it_came_with() -> None:
    body = "<title>Pelayanan café</title>".encode("latin-1")
    assert read_page(body, "text/html; charset=ISO-8859-1").title == "Pelayanan café"
    assert read_page(body, "text/html").title == "Pelayanan caf�"
