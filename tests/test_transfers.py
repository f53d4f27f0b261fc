"""Where a URL leads, what is looked up, and what a page says under the header that it came with."""

from __future__ import annotations

import socket
import threading

import pytest

from collectors.lookups import Lookup
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


@pytest.mark.parametrize(
    "named", ["punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "base64", "tidak-ada"]
)
def test_an_encoding_that_no_page_has_is_not_believed(named: str) -> None:
    page = b"<title>Kota</title>+2AA- \\ud800"
    assert read_page(page, f"text/html; charset={named}").encoding == "utf-8"


def test_what_only_looks_like_an_address_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    over, told = threading.Event(), threading.Event()

    def dead(*_: object, **__: object) -> None:
        over.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "terlambat")

    monkeypatch.setattr(socket, "getaddrinfo", dead)
    lookup = Lookup("10.10.10.1000", 80, told.set)
    assert lookup.found is None
    over.set()
    assert told.wait(5) and lookup.found is not None and not lookup.found.addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::2"])
def test_an_address_needs_no_look_up(host: str) -> None:
    lookup = Lookup(host, 80, pytest.fail)
    assert lookup.found is not None and lookup.found.addresses == (host,)
