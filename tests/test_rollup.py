"""What is rolled up says the same as the checks it was made of, to the last digit.

Who changes how checks are rolled up or counted, hunts wider than the few examples of every run: tests/examples_of.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from tests.service_histories import BEGIN, DAY, Rows, Story, check, emptied, moments, stories, write_file
from tests.warehouse_rows import count_services, fill, run, warehouse_with
from transforms.instrument import load_topics
from warehouse.asking import build_models
from warehouse.rollup import RolledUpError, require_checks, roll_up_in, unscorable
from warehouse.service_counts import count_checks

QUERIES = Path(__file__).parents[1] / "warehouse" / "queries"
SLA = (QUERIES / "service_sla.sql").read_text(encoding="utf-8")
STATES = (QUERIES / "service_now.sql").read_text(encoding="utf-8")
TOPICS = load_topics()
MODELS = ("service_state", "service_compromise", "service_change")
MADE_OF = (
    *("check_fault", "check_up", "service_check", "service_ever", "service_failure", "service_per_day"),
    *("service_per_month", "service_reversal", "page_known", "page_reading", "page_ever", "page_week"),
)
NEEDED = ("institution_current", "service_window", *MADE_OF, *MODELS)


def base(check_holds: timedelta, windows: Rows = ()) -> dict[str, Rows]:
    return {
        "institution": [
            {"institution": "kota-a", "check_holds": check_holds, "raw_days": 65, "hourly_days": 70}
        ],
        "service": [
            {"institution": "kota-a", "service_id": name, "agency": agency}
            for name, agency in (("portal", "diskominfo"), ("lapor", "diskominfo"), ("jdih", "hukum"))
        ],
        **({"maintenance": windows} if windows else {}),
    }


def levels(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[tuple[Any, ...]]:
    """Service levels."""
    count_checks(connection, as_of)
    return run(connection, f"FROM ({SLA}) ORDER BY ALL", {"as_of": as_of}).fetchall()


def scored(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """What scoring reads of services."""
    build_models(connection, TOPICS, as_of, only=NEEDED)
    return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in MODELS}


def states_now(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[tuple[Any, ...]]:
    """The states of services from service_state as it stands, which saw all checks."""
    connection.execute(
        "CREATE TABLE core.recent_checks AS SELECT institution, service_id, checks_30d, up_30d FROM service_state"
    )
    rows = run(connection, f"FROM ({STATES}) ORDER BY ALL", {"as_of": as_of}).fetchall()
    connection.execute("DROP TABLE core.recent_checks")
    return rows


def published(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """What a publication counts from what it sets aside."""
    count_services(connection, "memory", as_of)
    return {
        table: connection.execute(f"FROM core.{table} ORDER BY ALL").fetchall()
        for table in ("service_now", "service_sla")
    }


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    rolled, whole = warehouse_with({}), warehouse_with({})
    yield rolled, whole
    rolled.close()
    whole.close()


@few(12)
@given(
    story=stories,
    rolls=st.lists(moments, min_size=1, max_size=6, unique=True).map(sorted),
    after=st.integers(0, 40 * DAY),
    looks=st.lists(st.integers(0, 500 * DAY), max_size=3),
)
@pytest.mark.e2e
def test_nothing_that_is_said_changes(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
    story: Story,
    rolls: list[int],
    after: int,
    looks: list[int],
) -> None:
    """Whatever came when, whatever the file said when, however often and whenever it was rolled up."""
    rolled, whole = pair
    for connection in pair:
        emptied(connection, {})
    waiting = story.checks()
    taken: list[dict[str, Any]] = []
    now = BEGIN
    for roll in rolls:
        now = BEGIN + timedelta(minutes=roll + 1)
        write_file(rolled, story, now)
        come = [one for one in waiting if one["loaded_at"] <= now]
        waiting = waiting[len(come) :]
        taken += _let_in(rolled, come)
        roll_up_in(rolled, "kota-a", now)
    assert roll_up_in(rolled, "kota-a", now).is_anything is False
    taken += _let_in(rolled, waiting)
    if taken:
        fill(whole, {"uptime_check": taken})
    as_of = max([now] + [one["loaded_at"] for one in taken]) + timedelta(minutes=after)
    for connection in pair:
        write_file(connection, story, as_of)
    assert scored(rolled, as_of) == scored(whole, as_of)
    assert published(rolled, as_of) == {
        "service_sla": levels(whole, as_of),
        "service_now": states_now(whole, as_of),
    }
    for look in looks:
        then = BEGIN + timedelta(minutes=look)
        if then <= as_of and not unscorable(rolled, then, ["kota-a"]):
            assert scored(rolled, then) == scored(whole, then)
    hours = rolled.execute(
        "SELECT service_id, timezone($zone, hour_at)::DATE, sum(up_us), sum(down_us), sum(excluded_us), "
        "sum(up_us + down_us + unknown_us), sum(checks), sum(checks_up) "
        "FROM core.uptime_hour GROUP BY ALL ORDER BY ALL",
        {"zone": story.zone},
    ).fetchall()
    by_day = rolled.execute(
        "SELECT service_id, day, up_us, down_us, excluded_us, watched_us, checks, checks_up "
        "FROM core.uptime_day AS past WHERE day > (SELECT timezone($zone, min(hour_at))::DATE FROM core.uptime_hour "
        "AS hour WHERE hour.service_id = past.service_id) ORDER BY ALL",
        {"zone": story.zone},
    ).fetchall()
    assert [row for row in by_day if row not in hours] == []


def _let_in(connection: duckdb.DuckDBPyConnection, come: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put checks into the warehouse, as loading does: not those of before what is left."""
    left = dict(
        connection.execute(
            "SELECT service_id, raw_from FROM core.uptime_rolled WHERE raw_from IS NOT NULL"
        ).fetchall()
    )
    good = [
        one for one in come if one["service_id"] not in left or one["checked_at"] >= left[one["service_id"]]
    ]
    if good:
        fill(connection, {"uptime_check": good})
    return good


def test_a_service_first_met_in_an_outage_of_our_own_is_up_since_its_first_check() -> None:
    """That outage is no check of it, so none that failed comes before the first that was up."""
    connection = warehouse_with(base(timedelta(minutes=30)))
    outage, first = BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=7)
    ups = [check("portal", first + timedelta(hours=6 * n), "u", BEGIN) for n in range(801)]
    fill(connection, {"uptime_check": [check("portal", outage, "o", BEGIN), *ups]})
    now = ups[-1]["checked_at"] + timedelta(hours=1)
    roll_up_in(connection, "kota-a", now)
    (row,) = published(connection, now)["service_now"]
    assert row[:4] == ("kota-a", "portal", "hidup", first)


@pytest.mark.parametrize("why", ["maintenance", "own_outage"])
def test_the_days_by_which_a_service_is_judged_stay_through_long_maintenance(why: str) -> None:
    """No check of three months counts, so those of before do; once it is back, as of then nothing can be scored."""
    paused = {
        "institution": "kota-a",
        "name": "pindah",
        "starts_local": datetime(2026, 1, 14),
        "ends_local": datetime(2026, 4, 15),
        "is_weekly": False,
        "valid_from": BEGIN - timedelta(days=900),
    }
    connection = warehouse_with(base(timedelta(minutes=30), [paused] if why == "maintenance" else ()))
    times = [BEGIN + timedelta(hours=n) for n in range(200)]
    checks = [check("portal", at, "u", at, is_compromised=None) for at in times]
    times = [BEGIN + timedelta(days=12, hours=6 * n) for n in range(340)]
    checks += [check("portal", at, "d" if why == "maintenance" else "o", at) for at in times]
    fill(connection, {"uptime_check": checks})
    before = times[-1] + timedelta(hours=1)
    roll_up_in(connection, "kota-a", before)
    for day in (before, before - timedelta(days=30)):
        require_checks(connection, day, ["kota-a"])
        scored(connection, day)
        assert connection.execute("SELECT checks_30d, days_30d FROM service_state").fetchall() == [(200, 10)]
    back = before + timedelta(days=10)
    fill(connection, {"uptime_check": [check("portal", back, "u", back)]})
    roll_up_in(connection, "kota-a", back + timedelta(hours=1))
    require_checks(connection, back, ["kota-a"])
    with pytest.raises(RolledUpError):
        require_checks(connection, before, ["kota-a"])


def test_a_date_whose_checks_are_rolled_up_cannot_be_scored_any_more() -> None:
    connection = warehouse_with(base(timedelta(minutes=30)))
    last = BEGIN + timedelta(days=200)
    checks = [check("portal", BEGIN + timedelta(hours=6 * n), "u", BEGIN) for n in range(801)]
    fill(connection, {"uptime_check": checks})
    require_checks(connection, BEGIN + timedelta(days=1), ["kota-a"])
    roll_up_in(connection, "kota-a", last + timedelta(hours=1))
    require_checks(connection, last, ["kota-a"])
    # The checks of 65 days are left, of which 61 are looked at.
    first = BEGIN + timedelta(days=135 + 61)
    require_checks(connection, first, ["kota-a"])
    with pytest.raises(RolledUpError, match=r"kota-a: cannot be scored .* it can from 2026-07-18 17:00Z on"):
        require_checks(connection, first - timedelta(minutes=1), ["kota-a"])
    require_checks(connection, BEGIN, ["kota-b"])


def test_other_rules_count_for_what_is_not_gone() -> None:
    """What a check speaks for is changed: days whose checks are still there are counted anew, others stay."""
    connection = warehouse_with(base(timedelta(minutes=30)))
    last = BEGIN + timedelta(days=100)
    fill(
        connection,
        {"uptime_check": [check("portal", BEGIN + timedelta(hours=2 * n), "u", BEGIN) for n in range(1201)]},
    )
    roll_up_in(connection, "kota-a", last + timedelta(hours=1))
    connection.execute("UPDATE core.institution SET check_holds = INTERVAL 1 HOUR")
    up = {
        row[2]: row[5] / 3600 for row in levels(connection, last) if row[1] == "hari" and row[4] == "portal"
    }
    gone = (BEGIN + timedelta(days=35, hours=7)).date()
    assert {up[day] for day in up if day < gone} == {6}
    assert {up[day] for day in up if gone <= day < last.date()} == {12}
