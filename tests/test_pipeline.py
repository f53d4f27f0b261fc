"""The whole line over the made-up city, real HTTP(S): what the days bring, and what no fault may do."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from demo.server import DemoCity
from flows.notify import APPRISE_VARIABLE
from tests.line import Line, demo_line
from transforms.index import rounded
from transforms.levels import Score
from warehouse import read
from warehouse.score import ScoreResult

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ordinary_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoCity, Line, ScoreResult]]:
    """A city on day 1 that has been collected, loaded and scored once; to be copied, not changed."""
    with demo_line(tmp_path_factory.mktemp("day-1")) as (city, line):
        yield city, line, line.run()


@pytest.fixture
def day_after(
    ordinary_day: tuple[DemoCity, Line, ScoreResult], tmp_path: Path
) -> Iterator[tuple[DemoCity, Line, ScoreResult]]:
    """The same city a day later, with a data folder of its own; faults set on it are taken back."""
    city, line, before = ordinary_day
    shutil.copytree(line.places.root, tmp_path / "data")
    config = tmp_path / "kota-contoh.yml"
    config.write_text(line.config.read_text())
    yield city, Line(config, tmp_path / "data", line.now + timedelta(days=1)), before
    city.clear_fault()


@pytest.fixture
def city_line(tmp_path: Path) -> Iterator[tuple[DemoCity, Line]]:
    with demo_line(tmp_path) as pair:
        yield pair


def indicators(result: ScoreResult) -> dict[str, tuple[Score, Score, Score]]:
    return {n: (x.proven, x.provisional, x.possible) for n, x in result.current.levels.items()}


STANDING = ("below_target_path", "pipeline_silent", "evidence_expiring")
"""What is decided on every date for as long as it holds, whatever the case is about."""


def kinds(result: ScoreResult) -> list[str]:
    return [alert.kind for alert in result.alerts]


def test_the_days_of_the_city(city_line: tuple[DemoCity, Line]) -> None:
    city, line = city_line
    first = line.run()
    below, *ending = first.alerts
    assert below.kind == "below_target_path"
    # What the forecast tells comes after what the score tells, and everything is news once.
    assert {alert.kind for alert in ending} == {"evidence_expiring"}
    assert first.told() == ([below, *ending], [])
    assert "kurang " in below.line and "dari 3,98 pada akhir 2025 ke target 2026 4,50" in below.line
    assert first.is_new
    # Nothing is lost on the way: what a source held is loaded, quarantined with a reason, or a repeated row.
    for seen, loaded, quarantined, repeated in line.rows(
        "SELECT rows_seen, rows_loaded, rows_quarantined, rows_duplicate FROM ops.load"
    ):
        assert seen == loaded + quarantined + repeated
    refused = line.rows("SELECT count(*) FROM ops.quarantine WHERE reason IS NULL OR reason = ''")
    assert refused == [(0,)]

    # Again at the same moment: nothing new to load, and the same score is not written twice. The institution's
    # file did not change, so it is not archived again.
    line.collect(only="registri-aplikasi")
    assert [result.source for result in line.load()] == ["registri-aplikasi"]
    assert line.load() == []
    assert not line.score().is_new

    line.pass_days(1)
    city.day = 2
    second = line.run()
    assert indicators(first)["8"][1] > indicators(second)["8"][1] == 1
    assert second.current.index.provisional < first.current.index.provisional
    (fell,) = [a for a in second.alerts if a.kind == "level_fell" and "Indikator 8 " in a.line]
    assert "dicabut" in fell.cause
    assert fell.cause.startswith("keadaan berubah, I08.2.a")
    assert next(a.before for a in second.alerts if a.kind == "service_down") == "hidup"
    assert "index_fell" in kinds(second)
    new, old = second.told()
    assert "service_down" in {alert.kind for alert in new}
    assert [alert.event_key for alert in old] == [alert.event_key for alert in first.alerts]
    (index_line,) = [a.line for a in second.alerts if a.kind == "index_fell"]
    assert index_line.startswith("Indeks SPBE turun dari ")

    line.pass_days(1)
    city.day = 3
    third = line.run()
    assert indicators(third)["8"] == indicators(first)["8"]
    assert "service_down" not in kinds(third)
    (withdrawn,) = [a for a in third.alerts if "Indikator 20 " in a.line]
    assert withdrawn.cause.startswith("atestasi berubah, I20.4")

    line.pass_days(1)
    city.day = 4
    fourth = line.run()
    assert [kind for kind in kinds(fourth) if kind not in STANDING] == ["batch_quarantined"]
    assert "bukan penurunan nilai" in fourth.alerts[0].line
    # It is below its path on all four days, which is told once.
    told = line.rows("SELECT line FROM ops.outbox WHERE kind = 'below_target_path'")
    assert told == [(below.line,)]
    assert indicators(fourth) == indicators(third)


def test_a_certificate_about_to_end_is_told_at_each_threshold(tmp_path: Path) -> None:
    with demo_line(tmp_path) as (city, line):
        # Its certificates are of today, whatever day the city plays: this one ends in 11 days.
        line.now = datetime.now(UTC)
        city.set_fault("kepegawaian", "tls_expiring")

        def told() -> list[str]:
            line.score()
            return [
                alert for (alert,) in line.rows("SELECT line FROM ops.outbox WHERE kind = 'tls_expiring'")
            ]

        line.collect(cadence="services")
        line.load()
        (first,) = told()
        assert first.startswith("Sertifikat TLS Statistik Kepegawaian (") and "11 hari lagi" in first
        line.pass_days(1)
        assert told() == [first]
        line.pass_days(8)
        assert "2 hari lagi" in told()[1]
        # It was renewed: nothing more, also where the old one would have ended.
        city.clear_fault()
        line.collect(cadence="services")
        line.load()
        line.pass_days(1)
        assert len(told()) == 2


@pytest.mark.parametrize(
    ("source", "fault", "outcome", "said"),
    [
        ("jdihn", "empty_listing", "refused", "empty"),
        ("jdihn", "block_page", "refused", "firewall"),
        ("jdihn", "truncated_json", "refused", "JSON"),
        ("jdihn", "not_found", "failed", "404"),
        ("jdihn", "server_error", "failed", "500"),
        ("jdihn", "hang", "failed", ""),
        ("jdihn", "drip", "failed", ""),
        ("jdihn", "empty_reply", "failed", ""),
        ("jdihn", "mass_drop", "refused", ""),
        ("jdihn", "wrong_encoding", "loaded", ""),
        ("jdih-dprd", "block_page", "refused", ""),
        ("jdih-dprd", "empty_listing", "refused", ""),
        ("registri-aplikasi", "block_page", "refused", ""),
        ("registri-aplikasi", "wrong_encoding", "loaded", ""),
        ("registri-kecamatan", "merged_headers", "loaded", ""),
        ("registri-kecamatan", "mass_drop", "refused", ""),
        ("pernyataan", "not_found", "failed", ""),
    ],
)
def test_a_fault_of_a_source_never_moves_a_score(
    day_after: tuple[DemoCity, Line, ScoreResult], source: str, fault: str, outcome: str, said: str
) -> None:
    city, line, before = day_after
    if fault in ("hang", "drip"):
        text = line.config.read_text()
        line.config.write_text(
            text.replace(f"- id: {source}\n", f"- id: {source}\n    timeout_seconds: 1.5\n")
        )
    counts = line.rows("SELECT count(*) FROM core.regulation")
    city.set_fault(source, fault)
    line.collect(only=source)
    (result,) = [r for r in line.load() if r.source == source]
    assert result.outcome == outcome, result
    assert said.lower() in result.message.lower()
    assert result.seen == result.loaded + result.quarantined + result.duplicates
    after = line.score()
    assert indicators(after) == indicators(before)
    if outcome != "loaded":
        kind = "batch_quarantined" if outcome == "refused" else "source_failed"
        happened = f"Kiriman sumber {source} ditolak" if outcome == "refused" else f"Sumber {source} gagal"
        assert [k for k in kinds(after) if k not in STANDING] == [kind]
        assert after.alerts[0].line.startswith(happened)
    assert line.rows("SELECT count(*) FROM core.regulation") == counts


def test_evidence_of_a_dead_source_is_carried_then_stale_and_never_called_a_fall(
    city_line: tuple[DemoCity, Line],
) -> None:
    city, line = city_line
    first = line.run()
    city.set_fault("jdihn", "not_found")
    city.set_fault("jdih-dprd", "not_found")
    proven = indicators(first)["1"][0]
    assert proven >= 2
    line.pass_days(5)
    in_grace = line.run()
    assert (indicators(in_grace)["1"][0], indicators(in_grace)["1"][1]) == (1, indicators(first)["1"][1])
    finding = in_grace.current.findings["I01.2.a"]
    assert (finding.state, finding.is_carried) == ("stale", True)
    line.pass_days(60)
    late = line.run()
    finding = late.current.findings["I01.2.a"]
    assert (finding.state, finding.is_carried) == ("stale", False)
    assert "kedaluwarsa" in finding.reason
    assert all(a.kind != "index_fell" or "keadaan" in a.line or "atestasi" in a.line for a in late.alerts)
    assert not [a for a in late.alerts if "Indikator 1 " in a.line and "turun" in a.line]


def test_our_own_outage_is_not_the_services(day_after: tuple[DemoCity, Line, ScoreResult]) -> None:
    _, line, before = day_after
    text = line.config.read_text()
    line.config.write_text(re.sub(r"url: https?://127\.0\.0\.1:\d+", "url: http://127.0.0.1:1", text))
    (result,) = line.collect(only="layanan")
    assert result.outcome == "ok"
    (loaded,) = [r for r in line.load() if r.source == "layanan"]
    assert loaded.outcome == "loaded"
    after = line.score()
    assert indicators(after) == indicators(before)
    assert [kind for kind in kinds(after) if kind not in STANDING] == ["source_failed"]
    assert "layanan tidak terjangkau sekaligus; periksa jaringan di tempat Pantau" in after.alerts[0].line
    # What was seen is kept, as unknown.
    (down, unknown), *_ = line.rows(
        "SELECT count(*) FILTER (WHERE NOT is_up), count(*) FILTER (WHERE error_class = 'own_outage') "
        "FROM core.uptime_check WHERE capture_id = "
        "(SELECT arg_max(capture_id, captured_at) FROM core.capture WHERE source = 'layanan')"
    )
    assert down == 0
    assert unknown == loaded.loaded >= 5


def test_the_index_is_a_sum_that_can_be_redone_from_explain(city_line: tuple[DemoCity, Line]) -> None:
    _, line = city_line
    line.run()
    line.publish()
    with line.published() as connection:
        index = read.index_view(connection)
        explained = [read.indicator_view(connection, None, str(n)) for n in range(1, 48)]
    for name, shown in (
        ("proven", index.proven),
        ("provisional", index.provisional),
        ("possible", index.possible),
    ):
        total = sum((i.weight * getattr(i, name) for i in explained), Decimal(0)) / 100
        assert shown == total
        assert rounded(Fraction(shown)) == rounded(Fraction(total))
    for indicator in explained:
        for criterion in indicator.criteria:
            assert criterion.reason
            if criterion.state in ("met", "not_met") and criterion.level > 1:
                assert criterion.evidence, criterion.criterion
                assert all(len(e.digest) == 64 and e.url for e in criterion.evidence)


class _Receiver(BaseHTTPRequestHandler):
    received: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_alerts_arrive_once_per_channel_in_one_message(city_line: tuple[DemoCity, Line]) -> None:
    city, line = city_line
    line.run()
    line.pass_days(1)
    city.day = 2
    line.collect()
    line.load()
    headline, beside = line.score_all()
    assert headline.alerts and beside.alerts
    outbox = dict(line.rows("SELECT event_key, line FROM ops.outbox"))
    # What was told of the day before is not decided anew; what runs out is told after the scores.
    decided = [a for a in (*headline.alerts, *beside.alerts) if outbox.get(a.event_key) == a.line]
    assert 0 < len(decided) < len(outbox)
    _Receiver.received.clear()
    with HTTPServer(("127.0.0.1", 0), _Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        urls = {APPRISE_VARIABLE: f"json://127.0.0.1:{server.server_port}/pantau json://127.0.0.1:1/tertutup"}
        first = line.notify(**urls)
        again = line.notify(**urls)
        server.shutdown()
    assert [(r.events, r.error is None) for r in first] == [
        (len(outbox), True), (len(outbox), True), (len(outbox), False),
    ]  # fmt: skip
    # Only the closed channel is tried again; nobody is told twice.
    assert [(r.events, r.error is None) for r in again] == [(len(outbox), False)]
    (message,) = _Receiver.received
    assert message["title"] == f"Pantau SPBE Pemerintah Kota Contoh (karangan): {len(outbox)} peringatan"
    lines = message["message"].splitlines()
    assert sorted(lines) == sorted(f"- {line}" for line in outbox.values())
    assert [one for one in lines if one[2:] in {a.line for a in decided}] == [f"- {a.line}" for a in decided]
    kept = [json.loads(text) for text in line.places.messages.read_text().splitlines()]
    assert {k["event_key"]: k["line"] for k in kept} == outbox
    assert len(kept) == len(outbox)
    assert all(k["before"] and k["after"] and k["cause"] for k in kept)


LOADER = """
import sys, datetime, pathlib
from flows.load import load
from flows.places import Places
print("ready", flush=True)
load(Places(pathlib.Path(sys.argv[1])), now=datetime.datetime.fromisoformat(sys.argv[2]))
"""
TABLES = (
    "raw.regulation", "raw.application", "raw.attestation", "raw.uptime_check", "core.capture", "core.observation",
    "core.regulation", "core.application", "core.attestation", "core.uptime_check", "core.service", "ops.load",
    "ops.quarantine", "ops.validation",
)  # fmt: skip


def contents(line: Line) -> dict[str, list[tuple[Any, ...]]]:
    return {table: line.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


def test_a_killed_load_leaves_only_pending_work(city_line: tuple[DemoCity, Line]) -> None:
    city, line = city_line
    for day in (1, 2, 3):
        city.day = day
        line.collect()
        line.pass_days(1)
    whole = Line(line.config, line.places.root.parent / "whole", line.now)
    whole.places.root.mkdir()
    whole.places.archive.symlink_to(line.places.archive.resolve())
    started = time.monotonic()
    whole.load()
    needed = time.monotonic() - started
    kills = 0
    for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0):
        process = subprocess.Popen(
            [sys.executable, "-c", LOADER, str(line.places.root), line.now.isoformat()],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(share * needed)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert kills >= 2, "the loader was never killed at work"
    line.load()
    assert contents(line) == contents(whole)
