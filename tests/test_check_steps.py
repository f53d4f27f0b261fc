"""Models of services say the same whether they are built at a date, or checks since the date before are added."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from tests.service_histories import BEGIN, Story, check, emptied, stories, write_file
from tests.test_rollup import MODELS, TOPICS, base, scored
from tests.warehouse_rows import fill, warehouse_with
from warehouse.asking import Models, build_models

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    stepping, whole = warehouse_with({}), warehouse_with({})
    yield stepping, whole
    stepping.close()
    whole.close()


def said(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in MODELS}


@few(6)
@given(
    story=stories,
    first=st.integers(1, 200),
    steps=st.lists(st.sampled_from([60, 1440, 1440, 5000, 20000, 50000]), min_size=1, max_size=8),
)
def test_what_is_added_says_the_same(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
    story: Story,
    first: int,
    steps: list[int],
) -> None:
    stepping, whole = pair
    checks = story.checks()
    for connection in pair:
        emptied(connection, {"uptime_check": checks} if checks else {})
        write_file(connection, story, BEGIN + timedelta(days=2000))
    models = Models()
    as_of = BEGIN + timedelta(days=first)
    for minutes in (0, *steps):
        as_of += timedelta(minutes=minutes)
        models.stand(stepping, TOPICS, as_of, ["kota-a"])
        build_models(whole, TOPICS, as_of)
        assert said(stepping) == said(whole)


def test_windows_that_come_into_the_file_count_for_what_is_added(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> None:
    """Failures of before keep counting; those in the window do not, though the models stood before it came."""
    stepping, _ = pair
    planned = {
        "institution": "kota-a",
        "name": "pindah server",
        "service_id": "portal",
        "starts_local": datetime(2026, 1, 8),
        "ends_local": datetime(2026, 1, 12),
        "is_weekly": False,
        "valid_from": BEGIN + timedelta(days=3),
    }
    emptied(stepping, base(timedelta(hours=1), [planned]))
    day = [BEGIN + timedelta(days=n) for n in range(8)]
    states = "uduuuddu"
    rows = [check("portal", at, state, at) for at, state in zip(day, states, strict=True)]
    fill(stepping, {"uptime_check": rows})
    models = Models()
    found = []
    for n in (2, 5, 6):
        models.stand(stepping, TOPICS, day[n], ["kota-a"])
        found.append(stepping.execute("SELECT is_up, checks_30d, up_30d FROM service_state").fetchone())
    assert found == [(True, 3, 2), (True, 4, 3), (True, 4, 3)]


def test_what_turns_between_two_dates_is_one_turn(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> None:
    """A date for each check: every turn lies between two dates, and more of the same begins nothing anew."""
    stepping, whole = pair
    day = [BEGIN + timedelta(days=n) for n in range(10)]
    rows = [check("portal", at, state, at) for at, state in zip(day, "uudduu?ddu", strict=True)]
    for connection in pair:
        emptied(connection, {**base(timedelta(hours=1)), "uptime_check": rows})
    models = Models()
    for as_of in day:
        models.stand(stepping, TOPICS, as_of, ["kota-a"])
        build_models(whole, TOPICS, as_of)
        assert said(stepping) == said(whole)


def test_what_is_left_of_checks_tells_later_dates_all(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> None:
    """Two dates of one day, and weeks over which what is no longer needed goes: of a service with outages, of one that
    never was up, and of one that is no longer checked but once, long after.
    """
    stepping, whole = pair
    hours = [BEGIN + timedelta(hours=5 * n) for n in range(430)]
    states = "u" * 40 + "uudduuu?du" * 3 + "u" * 20 + "?" + "d" * 30
    rows = [
        check(service, at, state, at)
        for service, said in (
            ("portal", [states[n % len(states)] for n in range(len(hours))]),
            ("lapor", ["d"] * len(hours)),
            ("jdih", ["uud"[n % 3] if n < 90 or n == 300 else None for n in range(len(hours))]),
        )
        for at, state in zip(hours, said, strict=True)
        if state is not None
    ]
    for connection in pair:
        emptied(connection, {**base(timedelta(hours=1)), "uptime_check": rows})
    models = Models()
    as_of = BEGIN + timedelta(days=55, hours=21)
    for hour in (0, *([8] * 4), *([5 * 24 + 7] * 5)):
        as_of += timedelta(hours=hour)
        models.stand(stepping, TOPICS, as_of, ["kota-a"])
        assert said(stepping) == scored(whole, as_of)
