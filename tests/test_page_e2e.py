"""The page in a real browser: it asks the network for nothing and fits phones and laptops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.page import render
from tests import page_fixture
from tests.chromium import CountingProxy, Tab, chromium
from tests.page_fixture import INSTITUTION, NOW
from transforms.instrument import load_instrument
from warehouse import read
from warehouse.connection import reading
from warehouse.publish import publish

pytestmark = pytest.mark.e2e
HOSTILE = "\"'><script>document.title='dibajak'</script><img src=http://jahat.example/a.png>"
LONG = "https://jdih.kota-contoh.example/" + "tanpa-putus" * 40


def page_at(folder: Path, hostile: str | None) -> Path:
    page_fixture.fill(folder / "warehouse.duckdb", load_instrument("spbe-2020"), hostile=hostile)
    publish(folder / "warehouse.duckdb", folder / "pantau.duckdb", now=NOW)
    with reading(folder / "pantau.duckdb") as connection:
        html = render(read.page_view(connection, INSTITUTION))
    path = folder / "halaman.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tab, CountingProxy]]:
    """One browser for the module."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the made-up institution."""
    return page_at(tmp_path_factory.mktemp("page"), None)


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with hostile and very long text wherever outsiders can write."""
    return page_at(tmp_path_factory.mktemp("hostile"), HOSTILE + LONG)


def test_the_proxy_would_see_a_request(browser: tuple[Tab, CountingProxy], tmp_path: Path) -> None:
    tab, proxy = browser
    control = tmp_path / "kontrol.html"
    control.write_text('<!doctype html><img src="http://kontrol.example/a.png">', encoding="utf-8")
    proxy.asked.clear()
    tab.open(control, 390)
    assert any("kontrol.example/a.png" in line for line in proxy.asked)
    assert "http://kontrol.example/a.png" in tab.requests


@pytest.mark.parametrize("which", ["page", "hostile_page"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_asks_for_nothing_and_fits(
    browser: tuple[Tab, CountingProxy], which: str, width: int, request: pytest.FixtureRequest
) -> None:
    tab, proxy = browser
    proxy.asked.clear()
    file = request.getfixturevalue(which)
    tab.open(file, width)
    tab.value("for (const one of document.querySelectorAll('details')) one.open = true")
    assert tab.value("document.documentElement.scrollWidth") <= width
    # The open rows are laid out; whatever they asked for has had its time.
    time.sleep(0.3)
    assert tab.value("document.title").startswith("Pantau SPBE Kota Contoh: ")
    assert proxy.asked == []
    assert tab.requests == [file.as_uri()]
    assert tab.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_in_the_drawing_of_the_index_is_cut_off(
    browser: tuple[Tab, CountingProxy], page: Path, width: int
) -> None:
    tab, _ = browser
    tab.open(page, width)
    outside = tab.value(
        "[...document.querySelectorAll('#indeks svg[role=img] text')].filter(one => {"
        " const a = one.getBoundingClientRect(); return a.width && (a.left < 0 || a.right > innerWidth)"
        "}).map(one => one.textContent)"
    )
    assert outside == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_dates_below_a_drawing_stand_apart(
    browser: tuple[Tab, CountingProxy], page: Path, width: int
) -> None:
    tab, _ = browser
    tab.open(page, width)
    gaps = tab.value(
        "[...document.querySelectorAll('.plot.has-ends')].map(plot => {"
        " const shown = side => [...plot.querySelectorAll('text.of-' + side)]"
        "  .map(one => one.getBoundingClientRect()).filter(one => one.width);"
        " const [first, last] = [shown('first'), shown('last')];"
        " return [first.length, last.length, last[0].left > first[0].right, last[0].right <= innerWidth]"
        "})"
    )
    assert gaps == [[1, 1, True, True]] * 2


def test_filtering_finds_words_and_states(browser: tuple[Tab, CountingProxy], page: Path) -> None:
    tab, _ = browser
    tab.open(page, 1280)
    shown = "document.querySelectorAll('.indicators tbody:not([hidden])').length"
    assert tab.value("document.querySelector('.tools').hidden") is False
    assert tab.value(shown) == 47
    tab.value("cari.value = 'perwali 40/2026'; cari.dispatchEvent(new Event('input'))")
    assert tab.value(shown) == 1
    assert tab.value("document.querySelectorAll('#indikator .sheet:not([hidden])').length") == 1
    tab.value("cari.value = ''; keadaan.value = 'stale'; keadaan.dispatchEvent(new Event('input'))")
    assert tab.value(shown) == 1
    assert tab.value("tampil.textContent") == "1 dari 47 indikator"
    tab.value("buka.click()")
    assert tab.value("document.querySelectorAll('.indicators details[open]').length") == 1


def test_a_link_to_an_indicator_opens_it(browser: tuple[Tab, CountingProxy], page: Path) -> None:
    tab, _ = browser
    tab.open(page, 390)
    assert tab.value("document.querySelector('#i5 details').open") is False
    tab.value("document.querySelector('#terlemah a[href=\"#i5\"]').click()")
    time.sleep(0.2)
    assert tab.value("document.querySelector('#i5 details').open") is True
