"""Politeness between the sources of one run: never two at one host together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.archive import Archive
from collectors.turns import HostTurns
from flows.collect import collect
from tests.test_http import Handler, Site, running
from tests.test_reach import FILE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = '{id: ID, collector: regulations, format: jdihn, url: "URL", cadence: listings, agency: hukum}'


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


def test_sources_of_one_run_are_never_at_one_host_together(site: Site, tmp_path: Path) -> None:
    under_way = busiest = 0
    lock = threading.Lock()

    def slow(handler: Handler) -> None:
        nonlocal under_way, busiest
        with lock:
            under_way += 1
            busiest = max(busiest, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        handler.answer(200, b"[]")

    paths = [f"/s{number}" for number in range(4)]
    site.pages.update(dict.fromkeys([*paths, "/robots.txt"], slow))
    sources = "\n".join(
        f"- {SOURCE}".replace("ID", path[1:]).replace("URL", site.url(path)) for path in paths
    )
    head = FILE.split("sources:", maxsplit=1)[0]
    config = tmp_path / "uji.yml"
    config.write_text(f"{head}sources:\n{sources}\nallow_private_addresses: true\n")
    results = collect(config, Archive(tmp_path / "arsip"), clock=lambda: NOON)
    assert [result.outcome for result in results] == ["ok"] * 4
    assert busiest == 1


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        (("a.test", None), ("A.test", 443), True),
        (("a.test", 80), ("a.test", 443), True),
        (("a.test", 8080), ("a.test", 8080), True),
        (("a.test", 8080), ("a.test", None), False),
        (("a.test", None), ("b.test", None), False),
    ],
)
def test_what_counts_as_one_host(
    first: tuple[str, int | None], second: tuple[str, int | None], is_one: bool
) -> None:
    turns = HostTurns()
    entered = threading.Event()

    def other() -> None:
        with turns.turn(*second, 0):
            entered.set()

    thread = threading.Thread(target=other)
    with turns.turn(*first, 0):
        thread.start()
        assert entered.wait(0.1 if is_one else 5) is not is_one
    thread.join()
    assert entered.is_set()
