"""Maintenance on a warehouse that is fed from an archive: nothing that anyone reads changes, and it can be repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from collectors.archive import Archive
from collectors.institution import CONFIG_SOURCE, SERVICES_SOURCE
from collectors.uptime import to_payload
from flows import load as loading
from flows.cli import app
from flows.maintain import maintain
from flows.publish import publish
from flows.work import work
from tests.test_institution import GOOD
from tests.test_rebuild import Fed, contents, copied
from warehouse.connection import reading
from warehouse.load import LoadResult, load
from warehouse.maintain import compact
from warehouse.rebuild import rebuild
from warehouse.verify import verify

DAY = timedelta(days=1)
SHORT = GOOD + "retention: {raw_days: 65, hourly_days: 80}\n"


class Watched(Fed):
    """A hand-fed archive with checks of one service."""

    def checks(self, every: timedelta, states: str, back: timedelta = timedelta(0)) -> list[LoadResult]:
        """One run a check, the first `every` from now on (or so long before); then load."""
        self.watch(every, states, back)
        return load(self.archive, self.warehouse, now=self.now)

    def watch(self, every: timedelta, states: str, back: timedelta = timedelta(0)) -> None:
        """The same, without loading."""
        at = self.now - back
        rows: list[dict[str, Any]] = []
        for state in states:
            at += every
            rows.append(
                {
                    "service_id": "portal", "url": "https://uji.go.id", "checked_at": at.isoformat(),
                    "is_up": state == "u", "status": 200 if state == "u" else 500,
                    "error_class": None if state == "u" else "http_500", "error_message": None,
                    "dns_ms": 1.0, "connect_ms": 2.0, "tls_ms": 3.0, "first_byte_ms": 40.25, "total_ms": 80.5 + len(rows),
                    "attempts": 2, "final_url": "https://uji.go.id/", "is_https": True, "cert_expires_at": None,
                    "cert_issuer": None, "tls_ok": True, "text_found": None,
                }
            )  # fmt: skip
        self.now = max(self.now, at)
        self.keep(SERVICES_SOURCE, "urn:pantau:uptime:kota-uji", to_payload(rows), None)


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Five months of checks every two hours, scored at the end; to be copied."""
    fed = Watched(tmp_path_factory.mktemp("months"))
    fed.keep(CONFIG_SOURCE, "file:uji.yml", SHORT.encode(), None)
    for _ in range(5):
        fed.checks(timedelta(hours=2), ("u" * 50 + "d" * 7 + "u" * 3) * 6)
    fed.score()
    return fed


def marts(places: Any, fed: Watched) -> dict[str, Sequence[object]]:
    """Every row of every view of a fresh copy, and the page."""
    published = publish(places, now=fed.now)
    found: dict[str, Sequence[object]] = {
        path.name: path.read_text(encoding="utf-8").splitlines() for path in published.pages
    }
    with reading(published.copy) as copy:
        views = copy.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart'").fetchall()
        for (view,) in views:
            found[view] = copy.execute(f"FROM mart.{view} ORDER BY ALL").fetchall()
    return found


@pytest.mark.e2e
def test_marts_and_page_are_the_same_and_a_rebuild_gives_every_row(months: Watched, tmp_path: Path) -> None:
    places = copied(months, tmp_path / "data")
    before = marts(places, months)
    assert len(before["sla_layanan_harian"]) > 100
    done = maintain(places, now=months.now)
    (one,) = done.rolled_up
    assert (one.days, one.checks_gone > 900, one.hours_gone) == (148, True, 0)
    # Files grow by blocks: what is gone may have filled less than one.
    assert done.after.warehouse <= done.before.warehouse
    rows = {table.table: table.rows for table in done.after.tables}
    assert rows["core.uptime_day"] == 148
    assert rows["raw.uptime_check"] < 1800 - 900
    assert marts(places, months) == before
    assert not maintain(places, now=months.now).rolled_up[0].is_anything
    held = contents(places.warehouse)
    archive = Archive(places.archive)
    verified = verify(archive, places.warehouse, places.published, now=months.now)
    assert verified.broken == ()
    made = rebuild(archive, places.warehouse, now=months.now)
    assert made.changed == ()
    assert made.replayed.operations["rollup"] == 1
    assert contents(places.warehouse) == held
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute("UPDATE core.uptime_day SET up_us = up_us + 1 WHERE day = DATE '2026-04-01'")
    (broken,) = verify(archive, places.warehouse, places.published, now=months.now).broken
    assert "core.uptime_day: 1 rows are missing" in broken


@pytest.mark.e2e
def test_whoever_changes_what_was_counted_counts_it_for_the_next_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = Watched(tmp_path)
    fed.keep(CONFIG_SOURCE, "file:uji.yml", SHORT.encode(), None)
    fed.watch(timedelta(hours=2), "u" * 1200)
    counted = fed.places.published.with_name(".pantau.duckdb.counted")

    def is_counted_by(stage: Callable[[], object]) -> bool:
        before = counted.stat().st_ino if counted.exists() else None
        stage()
        by_stage = counted.stat().st_ino if counted.exists() else None
        publish(fed.places, now=fed.now)
        assert counted.stat().st_ino == by_stage, "the publication still had to count"
        return by_stage != before

    def load_it() -> None:
        loading.load(fed.places, now=fed.now)

    def work_it() -> None:
        (tmp_path / "uji.yml").write_text(SHORT)
        work([tmp_path / "uji.yml"], fed.places, clock=lambda: fed.now, is_collecting=False, is_scoring=False)

    assert is_counted_by(load_it)
    assert not is_counted_by(load_it)
    fed.watch(timedelta(minutes=5), "u")
    assert not is_counted_by(load_it)
    fed.watch(timedelta(hours=2), "u" * 18)
    assert is_counted_by(work_it)
    fed.keep(CONFIG_SOURCE, "file:uji.yml", (SHORT + "# changed\n").encode(), None)
    is_counted_by(load_it)
    assert is_counted_by(lambda: maintain(fed.places, now=fed.now))
    monkeypatch.setattr("flows.rebuild_command.now", lambda: fed.now)
    assert is_counted_by(lambda: CliRunner().invoke(app, ["rebuild", "--data-dir", str(fed.places.root)]))


@pytest.mark.e2e
def test_checks_of_times_that_are_gone_are_refused_and_later_ones_counted(tmp_path: Path) -> None:
    fed = Watched(tmp_path)
    fed.keep(CONFIG_SOURCE, "file:uji.yml", SHORT.encode(), None)
    fed.checks(timedelta(hours=2), "u" * 1200)
    maintain(fed.places, now=fed.now)
    (late,) = fed.checks(timedelta(hours=5), "dd", 90 * DAY)
    assert (late.outcome, late.loaded, late.message.split(":")[0]) == ("refused", 0, "layanan")
    (late,) = fed.checks(timedelta(hours=50), "du" + "d" * 20, 71 * DAY + timedelta(minutes=17))
    assert (late.outcome, late.loaded, late.quarantined) == ("loaded", 20, 2)
    daily = marts(fed.places, fed)["sla_layanan_harian"]
    maintain(fed.places, now=fed.now)
    assert marts(fed.places, fed)["sla_layanan_harian"] == daily
    with reading(fed.places.published) as copy:
        down = copy.execute(
            "SELECT sum(pemeriksaan - pemeriksaan_hidup) FROM mart.sla_layanan_harian"
        ).fetchone()
        refused = copy.execute(
            "SELECT count(*) FROM mart.karantina WHERE alasan LIKE '%sudah digulung%'"
        ).fetchone()
    assert down == (20,)
    # The view has a row for all of one reason.
    assert refused == (1,)


@pytest.mark.e2e
def test_a_kill_at_any_moment_leaves_a_whole_warehouse(months: Watched, tmp_path: Path) -> None:
    places = copied(months, tmp_path / "data")
    maintain(places, now=months.now)
    held = contents(places.warehouse)
    program = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from warehouse.maintain import compact\n"
        "print('ready', flush=True)\n"
        "while True: compact(Path(sys.argv[1]), now=datetime.now(UTC))\n"
    )
    for turn in range(4):
        runs = subprocess.Popen(
            [sys.executable, "-c", program, str(places.warehouse)], stdout=subprocess.PIPE, text=True
        )
        assert runs.stdout is not None
        assert runs.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            runs.wait(0.05 + 0.13 * turn)
        os.kill(runs.pid, signal.SIGKILL)
        runs.wait()
        assert contents(places.warehouse) == held
    compact(places.warehouse, now=months.now)
    assert contents(places.warehouse) == held
    assert [path.name for path in places.root.iterdir() if "compact" in path.name] == []
