"""Maintenance windows: how they are written, and that nothing in them takes a service down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from collectors.evidence import Capture
from collectors.institution import ConfigError, parse_institution
from collectors.maintenance import Maintenance
from tests.test_institution import GOOD
from tests.test_service_sla import local, on, window
from tests.warehouse_rows import run, warehouse_with
from transforms.instrument import load_topics
from warehouse.asking import build_models
from warehouse.institution_rows import load_institution
from warehouse.score_rows import QUERIES


def spells(text: str) -> list[tuple[str, str, bool]]:
    written = Maintenance.model_validate(yaml.safe_load(text))
    return [(f"{a:%a %d %H:%M}", f"{b:%a %d %H:%M}", weekly) for a, b, weekly in written.spells()]


def test_weekly_windows_recur_on_their_days_and_may_pass_midnight() -> None:
    assert spells('{name: rutin, days: [sabtu, senin, sabtu], from: "22:00", until: "02:30"}') == [
        ("Sat 06 22:00", "Sun 07 02:30", True),
        ("Mon 01 22:00", "Tue 02 02:30", True),
    ]
    assert spells('{name: sehari, days: [minggu], from: "00:00", until: "00:00"}') == [
        ("Sun 07 00:00", "Mon 08 00:00", True)
    ]


def test_a_dated_window_lasts_from_one_moment_to_another() -> None:
    whole = [("Tue 01 22:00", "Thu 03 06:00", False)]
    assert spells('{name: pindah, from: "2026-12-01 22:00", until: "2026-12-03 06:00"}') == whole
    assert spells("{name: pindah, from: 2026-12-01T22:00:00, until: 2026-12-03T06:00:00}") == whole


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: x, days: [sabtu], from: 22:00, until: 23:00}", r"maintenance\.0\.from: .*hour in quotes"),
        ('{name: x, days: [saturday], from: "22:00", until: "23:00"}', r"maintenance\.0\.days\.0: "),
        ('{name: x, from: "22:00", until: "23:00"}', "without days, give from and until as moments"),
        ('{name: x, days: [rabu], from: "2026-12-01 22:00", until: "23:00"}', "with days, give from and"),
        ('{name: x, from: "2026-12-01 22:00", until: "2026-12-01 22:00"}', "until must be after from"),
        ('{name: x, from: "2026-12-01T22:00+07:00", until: "2026-12-02 22:00"}', "has an offset"),
        ('{name: x, days: [rabu], from: malam, until: "23:00"}', "'malam' is neither an hour"),
        ('{name: x, services: [lapor], days: [rabu], from: "22:00", until: "23:00"}', "'lapor' is not among"),
    ],
)
def test_a_window_that_cannot_be_is_refused_where_it_stands(entry: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_institution(f"{GOOD}\nmaintenance:\n- {entry}\n", "uji.yml")


def state(
    checks: Sequence[Mapping[str, Any]], windows: Sequence[Mapping[str, Any]], as_of: datetime
) -> tuple[bool, datetime | None, int, bool]:
    """is_down, down_since, checks of the 30 days, and whether an alert would go out."""
    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a"}],
            "service": [{"institution": "kota-a", "service_id": "portal"}],
            "uptime_check": [{**check, "attempts": 2} for check in checks],
            "maintenance": windows,
        }
    )
    build_models(connection, load_topics(), as_of)
    query = (QUERIES / "down_services.sql").read_text(encoding="utf-8")
    told = run(connection, query, {"as_of": as_of}).fetchall()
    row = connection.execute("SELECT is_down, down_since, checks_30d FROM service_state").fetchone()
    assert row is not None
    return (*row, bool(told))


WINDOW = window("2026-05-04 08:10", "2026-05-04 09:00")


def test_failing_only_in_maintenance_is_never_down() -> None:
    checks = on(4, "08:00u 08:10d 08:20d 08:30d 08:50d")
    assert state(checks, [WINDOW], local(4, 8, 55)) == (False, None, 1, False)
    # The same without the window is an outage: the window is what excuses it.
    elsewhere = window("2026-05-05 08:10", "2026-05-05 09:00")
    assert state(checks, [elsewhere], local(4, 8, 55)) == (True, local(4, 8, 10), 5, True)


def test_time_in_maintenance_does_not_confirm_an_outage() -> None:
    """One failure before, one after, an hour apart: ten minutes of failing outside, which is not fifteen."""
    checks = on(4, "08:00u 08:05d 08:30d 09:00d")
    assert state(checks, [WINDOW], local(4, 9, 1))[0] is False
    assert state([*checks, *on(4, "09:05d")], [WINDOW], local(4, 9, 6)) == (True, local(4, 8, 5), 4, True)


def test_an_outage_confirmed_before_stays_refuted_but_wakes_nobody_in_maintenance() -> None:
    checks = on(4, "07:30u 07:40d 07:50d 08:00d 08:20d")
    assert state(checks, [WINDOW], local(4, 8, 30)) == (True, local(4, 7, 40), 4, False)
    assert state(checks, [WINDOW], local(4, 9, 0)) == (True, local(4, 7, 40), 4, True)


def test_a_service_that_comes_back_in_maintenance_is_back() -> None:
    checks = on(4, "07:30u 07:40d 07:50d 08:00d 08:20u 08:30d")
    assert state(checks, [WINDOW], local(4, 8, 30)) == (False, None, 4, False)


def test_a_history_from_elsewhere_neither_takes_down_nor_counts() -> None:
    brought = on(4, "08:00d 08:30d 09:00d", source="layanan-riwayat")
    later = window("2026-06-05 08:10", "2026-06-05 09:00")
    assert state([*on(3, "08:00u"), *brought], [later], local(4, 9, 0)) == (False, None, 1, False)


def test_windows_of_the_file_reach_the_warehouse() -> None:
    text = f"""{GOOD}
maintenance:
- {{name: rutin, services: [portal], days: [rabu], from: "01:00", until: "02:00"}}
- {{name: pindah, from: "2026-12-01 22:00", until: "2026-12-03 06:00"}}
"""
    at = datetime(2026, 5, 1, tzinfo=UTC)
    connection = warehouse_with({})
    load_institution(connection, Capture("c", "file:uji.yml", at, None, (), "", text.encode()), at, at)
    assert connection.execute(
        "SELECT * EXCLUDE (valid_from, valid_to, loaded_at, closed_loaded_at) FROM core.maintenance"
    ).fetchall() == [
        ("kota-uji", "rutin", "portal", datetime(2024, 1, 3, 1), datetime(2024, 1, 3, 2), True),
        ("kota-uji", "pindah", None, datetime(2026, 12, 1, 22), datetime(2026, 12, 3, 6), False),
    ]
    assert connection.execute("SELECT check_holds, flapping_changes FROM core.institution").fetchall() == [
        (timedelta(minutes=30), 4)
    ]
