"""A long listing that broke off goes on where it did, if nothing has shifted meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.archive import Archive
from flows.collect import RESUMED_WITHIN, collect
from tests.test_http import Handler, Site, running
from tests.test_reach import FILE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGES = 4


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


class Listing:
    """Four pages, of which the one in `broken` answers 404."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.archive, self.config = site, Archive(folder / "arsip"), folder / "uji.yml"
        self.broken: int | None = 3
        self.newest = "satu"
        for number in range(1, PAGES + 1):
            site.pages[f"/x?page={number}"] = lambda handler, at=number: self._answer(handler, at)  # type: ignore[misc]
        text = FILE.split("services:", maxsplit=1)[0].replace("URL", site.url("/x?page=1"))
        self.config.write_text(f"{text}allow_private_addresses: true\n")

    def _answer(self, handler: Handler, at: int) -> None:
        if at == self.broken:
            handler.answer(404)
            return
        rows = [{"judul": f"Perda Nomor {at} Tahun 2020 tentang {self.newest if at == 1 else at}"}]
        following = self.site.url(f"/x?page={at + 1}") if at < PAGES else None
        # The token changes the bytes of every answer, not what it shows.
        page = {"data": rows, "next": following, "token": len(self.site.asked)}
        handler.answer(200, json.dumps(page).encode())

    def collect(self, hours: float) -> tuple[list[str], list[int]]:
        """Pages asked for, and those that the run holds with status 200, in order."""
        before = len(self.site.asked)
        collect(self.config, self.archive, clock=lambda: NOON + timedelta(hours=hours))
        _, captures = self.archive.read(self.archive.ledger("kota-uji", "jdih")[-1])
        asked = [path[-1] for path, _ in self.site.asked[before:] if path != "/robots.txt"]
        return asked, [int(c.url[-1]) for c in captures if c.status == 200]


@pytest.fixture
def listing(site: Site, tmp_path: Path) -> Listing:
    return Listing(site, tmp_path)


def test_the_run_after_a_failure_asks_for_the_first_page_and_those_it_lacks(listing: Listing) -> None:
    assert listing.collect(0) == (["1", "2", "3"], [1, 2])
    listing.broken = 4
    assert listing.collect(1) == (["1", "3", "4"], [1, 2, 3])
    listing.broken = None
    assert listing.collect(2) == (["1", "4"], [1, 2, 3, 4])
    assert listing.collect(3) == (["1", "2", "3", "4"], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("newest", "hours"), [("baru", 1.0), ("satu", RESUMED_WITHIN / timedelta(hours=1) + 0.1)]
)
def test_what_has_shifted_or_is_old_is_read_anew(listing: Listing, newest: str, hours: float) -> None:
    listing.collect(0)
    listing.broken, listing.newest = None, newest
    assert listing.collect(hours) == (["1", "2", "3", "4"], [1, 2, 3, 4])
