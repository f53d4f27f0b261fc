"""What is rolled up says the same as the checks it was made of, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.warehouse_rows import count_services, fill, run, warehouse_with
from transforms.instrument import load_topics
from warehouse.asking import build_models
from warehouse.rollup import RolledUpError, require_checks, roll_up_in
from warehouse.service_counts import count_checks

QUERIES = Path(__file__).parents[1] / "warehouse" / "queries"
SLA = (QUERIES / "service_sla.sql").read_text(encoding="utf-8")
STATES = (QUERIES / "service_now.sql").read_text(encoding="utf-8")
BEGIN = datetime(2026, 1, 3, 17, tzinfo=UTC)
TOPICS = load_topics()
MODELS = ("service_state", "service_compromise", "service_change")
Rows = Sequence[Mapping[str, Any]]


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


def check(service: str, at: datetime, state: str, loaded_at: datetime, **more: Any) -> dict[str, Any]:
    minutes = int((at - BEGIN).total_seconds() // 60)
    return {
        "institution": "kota-a",
        "service_id": service,
        "checked_at": at,
        "loaded_at": loaded_at,
        "is_up": {"u": True, "d": False, "o": False}.get(state),
        "error_class": {"d": "timeout", "o": "own_outage", "?": "blocked"}.get(state),
        "total_ms": 40.3 + minutes * 7 % 211 if state == "u" else 9000.0,
        "first_byte_ms": 20.6 + minutes * 5 % 97 if state == "u" else None,
        "is_compromised": None if state in "do?" else minutes % 13 == 0,
        "page_title": "Beranda" if minutes % 17 else "Judi",
        "language": "id",
        "attempts": 2,
        "capture_id": f"c-{minutes}",
        **more,
    }


def said(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """Service levels, and what scoring reads of services."""
    count_checks(connection, as_of)
    levels = run(connection, f"FROM ({SLA}) ORDER BY ALL", {"as_of": as_of}).fetchall()
    build_models(connection, TOPICS, as_of)
    return {"levels": levels} | {
        name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in MODELS
    }


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


def emptied(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Rows]) -> None:
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'core'"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"DELETE FROM core.{table}")
    fill(connection, rows)


minutes = st.integers(0, 60 * 24 * 90)
spells = st.lists(
    st.tuples(
        st.sampled_from("uuuudo?"),
        st.integers(1, 50),
        st.sampled_from([1, 5, 61, 600, 1500, 20000]),
        st.sampled_from([0, 333_333, 999_999]),
        st.sampled_from([0, 0, 0, 20]),
    ),
    min_size=1,
    max_size=10,
)
windows = st.lists(
    st.builds(
        lambda start, length, weekly, service, since: {
            "institution": "kota-a",
            "name": "jendela",
            "service_id": service,
            "starts_local": datetime(2026, 1, 3) + timedelta(minutes=start),
            "ends_local": datetime(2026, 1, 3) + timedelta(minutes=start + length),
            "is_weekly": weekly,
            "valid_from": BEGIN + timedelta(days=since),
        },
        st.integers(0, 60 * 24 * 200),
        st.integers(1, 60 * 24 * 3),
        st.booleans(),
        st.sampled_from([None, "portal"]),
        st.sampled_from([-900, 40, 120]),
    ),
    max_size=3,
)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Checks of three services over some months, a few of which come in 20 days late."""
    checks: list[dict[str, Any]] = []
    for service in ("portal", "lapor", "jdih"):
        at = BEGIN + timedelta(minutes=draw(minutes))
        for state, times, step, fraction, days_late in draw(spells):
            for _ in range(times):
                at += timedelta(minutes=step, microseconds=fraction)
                checks.append(check(service, at, state, at + timedelta(days=days_late, minutes=1)))
    for day in draw(st.lists(st.integers(0, 60), max_size=5)):
        at = BEGIN + timedelta(days=day, hours=3)
        checks.append(check("portal", at, "d", BEGIN, source="layanan-riwayat", is_compromised=None))
    return sorted(checks, key=lambda one: one["loaded_at"])


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    holds=st.sampled_from([30, 7 * 60, 26 * 60, 9 * 24 * 60]),
    planned=windows,
    waiting=histories(),
    days=st.lists(st.integers(20, 400), min_size=1, max_size=4, unique=True).map(sorted),
    after=st.integers(0, 60 * 24 * 40),
)
def test_nothing_that_is_said_changes(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
    holds: int,
    planned: list[dict[str, Any]],
    waiting: list[dict[str, Any]],
    days: list[int],
    after: int,
) -> None:
    """Whatever came when, however often and whenever it was rolled up."""
    rolled, whole = pair
    for connection in pair:
        emptied(connection, base(timedelta(minutes=holds), planned))
    taken: list[dict[str, Any]] = []
    for day in days:
        now = BEGIN + timedelta(days=day, minutes=13)
        come = [one for one in waiting if one["loaded_at"] <= now]
        waiting = waiting[len(come) :]
        taken += _let_in(rolled, come)
        roll_up_in(rolled, "kota-a", now)
        assert roll_up_in(rolled, "kota-a", now).is_anything is False
    taken += _let_in(rolled, waiting)
    if taken:
        fill(whole, {"uptime_check": taken})
    as_of = max([BEGIN + timedelta(days=days[-1])] + [one["loaded_at"] for one in taken])
    as_of += timedelta(minutes=after)
    expected = said(whole, as_of)
    assert said(rolled, as_of) == expected
    assert published(rolled, as_of) == {
        "service_sla": expected["levels"],
        "service_now": states_now(whole, as_of),
    }
    hours = rolled.execute(
        "SELECT service_id, timezone('Asia/Jakarta', hour_at)::DATE, sum(up_us), sum(down_us), sum(excluded_us), "
        "sum(up_us + down_us + unknown_us), sum(checks), sum(checks_up) "
        "FROM core.uptime_hour GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    by_day = rolled.execute(
        "SELECT service_id, day, up_us, down_us, excluded_us, watched_us, checks, checks_up FROM core.uptime_day "
        "WHERE day > (SELECT timezone('Asia/Jakarta', min(hour_at))::DATE FROM core.uptime_hour) ORDER BY ALL"
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


def test_a_date_whose_checks_are_rolled_up_cannot_be_scored_any_more() -> None:
    connection = warehouse_with(base(timedelta(minutes=30)))
    last = BEGIN + timedelta(days=200)
    checks = [check("portal", BEGIN + timedelta(hours=6 * n), "u", BEGIN) for n in range(801)]
    fill(connection, {"uptime_check": checks})
    require_checks(connection, BEGIN + timedelta(days=1), ["kota-a"])
    roll_up_in(connection, "kota-a", last + timedelta(hours=1))
    require_checks(connection, last, ["kota-a"])
    # The checks of 65 days are left, of which 60 are looked at.
    first = BEGIN + timedelta(days=135 + 60)
    require_checks(connection, first, ["kota-a"])
    with pytest.raises(RolledUpError, match=r"kota-a: cannot be scored .* it can from 2026-07-17 17:00Z on"):
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
    levels = said(connection, last)["levels"]
    up = {row[2]: row[5] / 3600 for row in levels if row[1] == "hari" and row[4] == "portal"}
    gone = (BEGIN + timedelta(days=35, hours=7)).date()
    assert {up[day] for day in up if day < gone} == {6}
    assert {up[day] for day in up if gone <= day < last.date()} == {12}
