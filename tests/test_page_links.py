"""Where a page links to, in short."""

from __future__ import annotations

import pytest

from collectors.page_links import AND_MORE, MOST_PLACES, linked_places, links_of

URL = "https://dinas.kota-contoh.go.id/"


@pytest.mark.parametrize(
    ("page", "places"),
    [
        ('<a href="/berita/1">x</a> <a class="y" href=/berita/2>x</a> <A HREF=\'/Profil\'>x</A>', ["/Profil", "/berita"]),
        ('<a href="https://www.kota-contoh.go.id/peta/">x</a>', ["/peta"]),
        ('<a href="https://kota-contoh.go.id/">x</a>', []),
        ('<a href="//luar.example/x">x</a><a href="http://LUAR.example:8080">x</a>', ["luar.example"]),
        ('<a href="mailto:a@b.go.id">x</a><a href="#isi">x</a><a href="javascript:void(0)">x</a>', []),
        ('<a href="?a=1&amp;b=2">x</a><a href="http://[x">x</a><a href="">x</a>', []),
        ('<link href="https://cdn.example/a.css"><abbr href="/x">', []),
        ('<a href="/a\x00\x1b[2J/b">x</a>', ["/a2J"]),
        ("<a " * 100_000, []),
        ('<a href="/a/../b">x</a><a href="/c/./d">x</a><a href="/e/&#46;./f">x</a>', ["/b", "/c", "/f"]),
        ('<a href="/g.html">x</a><a href="/h?x=/../i">x</a><a href="/j#/../k">x</a>', ["/g.html", "/h", "/j"]),
        ('<a href="http://l.example/../m">x</a><a href="https://kota-contoh.go.id:80/n/o">x</a>', ["/n", "l.example"]),
    ],
)  # fmt: skip
def test_places(page: str, places: list[str]) -> None:
    assert list(linked_places(links_of(page.encode()), URL)) == places


def test_a_page_full_of_links_is_cut_and_says_so() -> None:
    page = "".join(f'<a href="https://h{number:04}.example/">x</a>' for number in range(MOST_PLACES + 1))
    places = linked_places(links_of(page.encode()), URL)
    assert len(places) == MOST_PLACES + 1
    assert places[-1] == AND_MORE
    assert len(linked_places(links_of(page.replace("h0000", "h0001").encode()), URL)) == MOST_PLACES
