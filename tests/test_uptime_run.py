"""Long lists of uptime checks, done by several processes."""

from __future__ import annotations

import logging
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest

from collectors.addresses import Reach
from collectors.institution import Service
from collectors.service_check import Terms
from collectors.uptime_run import check_in_processes, shared_out
from collectors.uptime_worker import SteadyClock
from tests.faulty_site import Site, site

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


def services(served: Site, *paths: str, hosts: int = 24, seconds: float = 5.0) -> list[Service]:
    return [
        Service(
            id=f"l-{n}",
            name="Layanan uji",
            url=f"http://127.0.0.{1 + n % hosts}:{served.port}{paths[n % len(paths)]}",
            agency="diskominfo",
            timeout_seconds=seconds,
        )
        for n in range(48)
    ]


def in_two(monkeypatch: pytest.MonkeyPatch, wanted: list[Service], **kind: Any) -> list[dict[str, Any]]:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    reach = Reach(allow_private=True)
    terms = Terms(Path(certifi.where()), reach.allows_address, lambda: NOW, 0.01)
    return check_in_processes(wanted, terms, concurrency=16, services_worth_a_process=24, **kind)


@pytest.mark.e2e
def test_a_long_list_is_checked_by_two_processes_as_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A process that cannot start shows that there is one, and that its share is not lost.
    told: list[tuple[int, int]] = []
    with site(host="0.0.0.0") as served:
        wanted = services(served, "/ok", "/404", "/ok")
        rows = in_two(monkeypatch, wanted, progress=lambda done, total: told.append((done, total)))
        assert caplog.records == []
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", "/tidak/ada")
            alone = in_two(monkeypatch, wanted)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "18 uptime checks failed" in caplog.records[0].getMessage()
    for found in (rows, alone):
        assert [row["service_id"] for row in found] == [f"l-{n}" for n in range(48)]
        assert [row["error_class"] for row in found] == [None, "http_404", None] * 16
    assert told == sorted(set(told)) and told[-1] == (48, 48)
    times = [datetime.fromisoformat(row["checked_at"]) for row in rows]
    assert min(times) >= NOW and max(times) < NOW + timedelta(minutes=1)
    # Its clock goes on, ours stands still.
    assert len(set(times)) > 1


@pytest.mark.e2e
def test_a_broken_listener_ends_the_other_processes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_done: int, _total: int) -> None:
        raise RuntimeError("tidak mau lagi")

    with site(host="0.0.0.0") as served:
        wanted = services(served, "/ok", "/hang", seconds=15)
        begun = time.monotonic()
        with pytest.raises(RuntimeError, match="tidak mau lagi"):
            in_two(monkeypatch, wanted, progress=break_off)
    assert time.monotonic() - begun < 10


def test_shares_are_even_and_no_host_is_in_two() -> None:
    hosts = ["besar"] * 6 + ["a", "b", "besar", "c", "d", "e", "f", "g"]
    shares = shared_out(hosts, 2)
    assert sorted(n for share in shares for n in share) == list(range(14))
    assert sorted(map(len, shares)) == [7, 7]
    kept_by = [{hosts[n] for n in share} for share in shares]
    assert kept_by[0].isdisjoint(kept_by[1])
    assert shared_out(["satu"] * 5, 4) == [[0, 1, 2, 3, 4]]
    assert [len(share) for share in shared_out([f"h{n}" for n in range(20)], 2, head_start=4)] == [12, 8]


def test_a_steady_clock_goes_on_from_its_reading() -> None:
    clock = SteadyClock(NOW, time.monotonic() - 60)
    assert NOW + timedelta(seconds=60) <= clock() < NOW + timedelta(seconds=90)
