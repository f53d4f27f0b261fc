"""Models of service pages say the same whether they are built at a date, or readings since the date before are added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from tests.service_histories import BEGIN, DAY, Rows, emptied
from tests.test_rollup import NEEDED, TOPICS, base
from tests.warehouse_rows import warehouse_with
from warehouse.asking import Models, build_models

pytestmark = pytest.mark.e2e

MODELS = ("service_compromise", "service_change")
HOSTS = [f"h{number:02}.example" for number in range(16)]
LOOKS: Sequence[dict[str, Any]] = (
    {"page_title": "Portal Kota", "language": "id", "linked": json.dumps(["/berita", "bps.go.id"])},
    {"page_title": "Portal Kota", "language": "id", "linked": json.dumps(["/berita", *HOSTS])},
    {"page_title": "Portal Kota", "language": None, "linked": json.dumps(["/berita", "…"], ensure_ascii=False)},
    {"page_title": "Portal Baru", "language": "en", "linked": json.dumps(HOSTS)},
    {"page_title": "Portal Baru", "language": "id", "linked": None},
    {"page_title": "激安通販", "language": "ja", "linked": json.dumps(["/berita"]), "is_compromised": True},
    {"page_title": "激安通販", "language": "ja", "linked": json.dumps(HOSTS)},
    {"page_title": None, "language": None, "linked": None, "is_compromised": None},
)  # fmt: skip


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    stepping, whole = warehouse_with({}), warehouse_with({})
    yield stepping, whole
    stepping.close()
    whole.close()


Visits = Sequence[tuple[int, int, int, str]]
"""What a page showed (its number among LOOKS), how often in a row, at every how many minutes, and who looked."""


def readings(service: str, visits: Visits) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    at = BEGIN + timedelta(minutes=len(service))
    for look, times, step, source in visits:
        for _ in range(times):
            at += timedelta(minutes=step)
            rows.append(
                {
                    "institution": "kota-a", "service_id": service, "checked_at": at, "is_up": True, "source": source,
                    "is_compromised": False, "compromise_evidence": f"kutipan {len(rows)}",
                    "capture_id": f"c-{len(rows) % 7}-{len(rows)}", **LOOKS[look],
                }
            )  # fmt: skip
    return rows


def said(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in MODELS}


def window(start: int, minutes: int, known_from: int) -> dict[str, Any]:
    """Maintenance of the portal; `start` and `known_from` are days after BEGIN."""
    starts = (BEGIN + timedelta(days=start, hours=7)).replace(tzinfo=None)
    return {
        "institution": "kota-a", "name": "jendela", "service_id": "portal", "is_weekly": False,
        "starts_local": starts, "ends_local": starts + timedelta(minutes=minutes),
        "valid_from": BEGIN + timedelta(days=known_from),
    }  # fmt: skip


visits = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, *range(len(LOOKS))]),
        st.sampled_from([1, 2, 3, 19, 20, 25, 60]),
        st.sampled_from([60, 720, 720, DAY, DAY, 6000]),
        st.sampled_from(["layanan"] * 7 + ["layanan-riwayat"]),
    ),
    min_size=1,
    max_size=6,
)
stays = st.lists(
    st.builds(
        window,
        start=st.integers(0, 100),
        minutes=st.sampled_from([60, 5 * DAY, 70 * DAY]),
        known_from=st.integers(0, 100),
    ),
    max_size=1,
)


def told(connection: duckdb.DuckDBPyConnection, rows: Rows, planned: Rows) -> None:
    emptied(connection, {**base(timedelta(hours=1), planned), **({"uptime_check": rows} if rows else {})})


@few(4)
@given(
    portal=visits,
    lapor=visits,
    planned=stays,
    first=st.integers(1, 120 * DAY),
    steps=st.lists(st.sampled_from([60, DAY, DAY, DAY, 5000, 9 * DAY, 40 * DAY]), min_size=1, max_size=5),
)
def test_what_is_added_says_the_same(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
    portal: Visits,
    lapor: Visits,
    planned: Rows,
    first: int,
    steps: list[int],
) -> None:
    stepping, whole = pair
    for connection in pair:
        told(connection, readings("portal", portal) + readings("lapor", lapor), planned)
    models = Models()
    as_of = BEGIN + timedelta(minutes=first)
    for minutes in (0, *steps):
        as_of += timedelta(minutes=minutes)
        models.stand(stepping, TOPICS, as_of, ["kota-a"])
        build_models(whole, TOPICS, as_of, only=NEEDED)
        assert said(stepping) == said(whole)


def test_a_page_that_turns_between_dates(
    pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> None:
    """Calm, replaced with new places and a new language, back again, with spam, and calm again: a step for each reading."""
    stepping, whole = pair
    history: Visits = [
        (0, 24, 720, "layanan"),
        (3, 4, 720, "layanan"),
        (0, 3, 720, "layanan"),
        (5, 3, 720, "layanan"),
        (0, 3, 720, "layanan"),
        (0, 2, 45 * DAY, "layanan"),
    ]
    rows = readings("portal", history)
    for connection in pair:
        told(connection, rows, [window(10, 60, 17)])
    models = Models()
    found = set()
    for row in rows[22:]:
        as_of = row["checked_at"] + timedelta(minutes=1)
        models.stand(stepping, TOPICS, as_of, ["kota-a"])
        build_models(whole, TOPICS, as_of, only=NEEDED)
        assert said(stepping) == said(whole)
        found |= set(
            stepping.execute(
                "SELECT change.has_history, is_replaced, is_changed, is_compromised FROM service_change AS change "
                "JOIN service_compromise USING (institution, service_id) WHERE service_id = 'portal'"
            ).fetchall()
        )
    assert found == {
        (True, False, False, False),
        (True, True, True, False),
        (False, False, False, True),
        (False, False, False, False),
    }
