"""Asking only for what changed: a server's 304 stands for the earlier answer, but not for ever."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.archive import Archive
from flows.collect import FULL_FETCH_EVERY, collect
from tests.test_http import Handler, Site, running
from tests.test_reach import FILE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BODY = gzip.compress(b'[{"judul": "Perda Nomor 1 Tahun 2020"}]', mtime=0)


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


class Place:
    """A listing with an ETag, collected day by day."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.archive, self.config = site, Archive(folder / "arsip"), folder / "uji.yml"
        self.body, self.etag, self.status = BODY, '"satu"', 200
        site.pages["/x"] = self._answer
        text = FILE.split("services:", maxsplit=1)[0].replace("URL", site.url("/x"))
        self.config.write_text(f"{text}allow_private_addresses: true\n")

    def _answer(self, handler: Handler) -> None:
        if self.status != 200:
            handler.answer(self.status)
        elif handler.headers.get("If-None-Match") == self.etag:
            handler.answer(304, ETag=self.etag)
        else:
            handler.answer(200, self.body, ETag=self.etag, Content_Encoding="gzip")

    def collect(self, days: float) -> tuple[list[bytes], list[str], str | None]:
        """Payloads and record types of the run, and what it was asked with."""
        collect(self.config, self.archive, clock=lambda: NOON + timedelta(days=days))
        entry = self.archive.ledger("kota-uji", "jdih")[-1]
        _, captures = self.archive.read(entry)
        assert all(capture.status == self.status for capture in captures)
        kinds = [
            place.type for place in entry.records if place.url.endswith("/x") and place.type != "request"
        ]
        asked = [headers for path, headers in self.site.asked if path == "/x"][-1]
        return [capture.payload for capture in captures], kinds, asked.get("If-None-Match")


@pytest.fixture
def place(site: Site, tmp_path: Path) -> Place:
    return Place(site, tmp_path)


def test_what_a_server_confirms_reads_as_the_earlier_answer(place: Place) -> None:
    first = place.collect(0)
    assert first == ([gzip.decompress(BODY)], ["response"], None)
    for day in (1, 2):
        assert place.collect(day) == (first[0], ["revisit"], '"satu"')
    warc = b"".join(
        gzip.decompress(path.read_bytes()) for path in place.archive.root.glob("*/jdih/*.warc.gz")
    )
    assert warc.count(b"revisit/server-not-modified") == 2
    assert warc.count(b"304 Not Modified") == 2


def test_what_changed_is_taken_whole(place: Place) -> None:
    place.collect(0)
    place.body, place.etag = gzip.compress(b"[]", mtime=0), '"dua"'
    assert place.collect(1) == ([b"[]"], ["response"], '"satu"')
    assert place.collect(2) == ([b"[]"], ["revisit"], '"dua"')


def test_a_lying_etag_is_found_out_in_time(place: Place) -> None:
    place.collect(0)
    place.body = gzip.compress(b"[]", mtime=0)
    days = FULL_FETCH_EVERY / timedelta(days=1)
    for day in (3, days):
        assert place.collect(day)[1:] == (["revisit"], '"satu"')
    assert place.collect(days + 0.1) == ([b"[]"], ["response"], None)


def test_a_failed_run_is_not_what_is_confirmed(place: Place) -> None:
    first = place.collect(0)
    place.status = 404
    place.collect(1)
    place.status = 200
    assert place.collect(2) == (first[0], ["revisit"], '"satu"')
