"""`pantau pulse`: that everything stands still is said by what does not depend on it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.institution import SERVICES_SOURCE, parse_institution
from flows.cli import app
from flows.doctor import examine
from flows.places import Places
from flows.publish import publish
from flows.pulse import pulse
from flows.score import score
from tests.test_institution import GOOD
from tests.test_load import START, A, B, Feed

pytestmark = pytest.mark.e2e

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    """Services checked, an hour later a listing read, and scored and published at once."""
    places = Places(tmp_path_factory.mktemp("pulse"))
    feed = Feed(places.root)
    feed.warehouse = places.warehouse
    feed.keep(SERVICES_SOURCE, "https://uji.go.id", b"{}")
    feed.listing(A, B)
    score(places, as_of=feed.now, now=feed.now)
    publish(places, now=feed.now)
    return feed


def test_each_cadence_has_its_own_time_to_stand_still(fed: Feed, tmp_path: Path) -> None:
    file = parse_institution(GOOD, "uji.yml")
    none = pulse(file, Places(tmp_path), now=START)
    assert [(b.cadence, b.last_run_at, b.is_silent) for b in none] == [
        ("listings", None, True),
        ("services", None, True),
        ("score", None, True),
    ]
    places = Places(fed.warehouse.parent)
    listed, checked = fed.now, fed.now - HOUR

    def silent(now: datetime) -> list[str]:
        return [beat.cadence for beat in pulse(file, places, now=now) if beat.is_silent]

    assert silent(checked + 2 * HOUR) == []
    assert silent(checked + 2 * HOUR + SECOND) == ["services"]
    assert silent(listed + 26 * HOUR) == ["services"]
    assert silent(listed + 26 * HOUR + SECOND) == ["listings", "services", "score"]
    longer = GOOD + "alerts: {silent_after: {services: 2d, listings: 2d, score: 30h}}\n"
    beats = pulse(parse_institution(longer, "uji.yml"), places, now=listed + 31 * HOUR)
    assert [b.cadence for b in beats if b.is_silent] == ["score"]
    assert beats[-1].message == (
        "Penilaian (score) berhenti: terakhir 02-03-2026 pukul 11.00 WIB, padahal batasnya 30 jam. "
        "Periksa penjadwal dan worker-nya, lalu jalankan pantau score"
    )


def test_the_command_says_it_with_its_exit_code(fed: Feed, tmp_path: Path) -> None:
    config = tmp_path / "uji.yml"
    config.write_text(GOOD, encoding="utf-8")
    call = ["pulse", "--config", str(config), "--data-dir"]
    fresh = CliRunner().invoke(app, [*call, str(tmp_path)])
    assert fresh.exit_code == 1
    assert "BERHENTI  Penilaian (score) berhenti: belum pernah berjalan" in fresh.stdout
    call.append(str(fed.warehouse.parent))
    assert CliRunner().invoke(app, call).exit_code == 1
    patient = "alerts: {silent_after: {services: 9999d, listings: 9999d, score: 9999d}}\n"
    config.write_text(GOOD + patient, encoding="utf-8")
    well = CliRunner().invoke(app, [*call, "--json"])
    assert well.exit_code == 0, well.stdout
    assert {beat["is_silent"] for beat in json.loads(well.stdout)} == {False}
    assert CliRunner().invoke(app, call).stdout.count("berjalan  ") == 3


def test_doctor_says_it_too_but_not_of_what_never_ran(fed: Feed, tmp_path: Path) -> None:
    config = tmp_path / "uji.yml"
    config.write_text(GOOD.replace("https://", "http://127.0.0.1:1/"), encoding="utf-8")

    def schedules(places: Places, now: datetime) -> dict[str, bool]:
        found = examine(config, places, clock=lambda: now)
        return {one.what: one.ok for one in found if one.what.startswith("schedule ")}

    assert schedules(Places(tmp_path / "other"), START) == {}
    assert schedules(Places(fed.warehouse.parent), fed.now + 3 * HOUR) == {
        "schedule listings": True,
        "schedule services": False,
        "schedule score": True,
    }
