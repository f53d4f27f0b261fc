"""A page that suddenly became another: what is told for a person to look at, and what refutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.test_rollup import NEEDED
from tests.warehouse_rows import SCHEMA, run, warehouse_with
from transforms.alerts import ChangedService
from transforms.instrument import load_topics
from warehouse.asking import build_models

pytestmark = pytest.mark.e2e

AS_OF = datetime(2026, 5, 1, 8, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)
USUAL = {
    "page_title": "Portal Kota",
    "language": "id",
    "linked": json.dumps(["/berita", "/profil", "bps.go.id"]),
}
OUTSIDE = [f"h{number:02}.example" for number in range(15)]
FOLDERS = [f"/f{number:02}" for number in range(15)]
NEW_TITLE = {**USUAL, "page_title": "Portal Baru"}
JAPANESE = {**USUAL, "page_title": "激安通販", "language": "ja"}


def links(*places: str) -> str:
    return json.dumps(sorted(places))


def standing(readings: Sequence[dict[str, Any]], **more: Any) -> duckdb.DuckDBPyConnection:
    """The models of one service whose page was read every half day, unless a reading says when."""
    last = len(readings) - 1
    checks = [
        {
            "institution": "kota-a", "service_id": "satu", "checked_at": AS_OF - (last - at) * HALF_DAY, "is_up": True,
            "is_compromised": False, "capture_id": f"c{at}", **reading,
        }
        for at, reading in enumerate(readings)
    ]  # fmt: skip
    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a", "name": "Kota A"}],
            "service": [{"institution": "kota-a", "service_id": "satu", "name": "Portal"}],
            "uptime_check": checks,
            **more,
        }
    )
    build_models(connection, load_topics(), AS_OF, only=NEEDED)
    return connection


def told(readings: Sequence[dict[str, Any]], **more: Any) -> tuple[bool, str] | None:
    """Whether the page was replaced, and the evidence, from one reading every half day; None: no change."""
    connection = standing(readings, **more)
    query = (SCHEMA.parent / "queries" / "changed_services.sql").read_text(encoding="utf-8")
    found = run(connection, query, {"as_of": AS_OF})
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, values, strict=True)) for values in found.fetchall()]
    if not rows:
        return None
    assert rows[0].pop("institution") == "kota-a"
    changed = ChangedService(**rows[0])
    return changed.is_replaced, changed.evidence


TITLE = "judul “Portal Kota” menjadi “Portal Baru”"


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([USUAL] * 23, None),
        # A mere title is to be looked at, and refutes nothing.
        ([USUAL] * 20 + [NEW_TITLE] * 3, (False, TITLE)),
        ([USUAL] * 20 + [NEW_TITLE] * 2, None),
        ([USUAL] * 20 + [NEW_TITLE] * 3 + [USUAL], None),
        # It has become the page by itself.
        ([USUAL] * 20 + [NEW_TITLE] * 20, None),
        # Language alone is a guess that wavers.
        ([USUAL] * 20 + [{**USUAL, "language": "ja"}] * 3, None),
        ([USUAL] * 20 + [JAPANESE] * 3, (True, "judul “Portal Kota” menjadi “激安通販”; bahasa id menjadi ja")),
        # A taken page does not become right by lasting.
        ([USUAL] * 20 + [JAPANESE] * 21, (True, "judul “Portal Kota” menjadi “激安通販”; bahasa id menjadi ja")),
        ([JAPANESE] * 20 + [USUAL] * 3, (False, "judul “激安通販” menjadi “Portal Kota”; bahasa ja menjadi id")),
        # A title that says something else each time was never stable.
        ([{**USUAL, "page_title": f"Antrean {n}"} for n in range(30)] + [JAPANESE] * 3, None),
        # Nor was one of two that take turns.
        ([USUAL, {**USUAL, "page_title": "Pengumuman"}] * 20 + [JAPANESE] * 3, None),
        # Pages that were not read whole are no history and no change.
        ([USUAL] * 20 + [{**JAPANESE, "is_compromised": None}] * 3, None),
        # A redesign: new title, new menu, the frame declares English.
        (
            [USUAL] * 20 + [{**NEW_TITLE, "language": "en", "linked": links(*FOLDERS, "bps.go.id")}] * 3,
            (False, f"{TITLE}; bahasa id menjadi en; 15 tautan ke tempat yang belum dikenal, seperti /f00, /f01, /f02"),
        ),
        (
            [USUAL] * 20 + [{**NEW_TITLE, "language": "en", "linked": links(*OUTSIDE)}] * 3,
            (
                True,
                f"{TITLE}; bahasa id menjadi en; 15 tautan ke tempat yang belum dikenal, "
                "seperti h00[.]example, h01[.]example, h02[.]example",
            ),
        ),
        (
            [USUAL] * 20 + [{**USUAL, "linked": links(*OUTSIDE)}] * 3,
            (False, "15 tautan ke tempat yang belum dikenal, seperti h00[.]example, h01[.]example, h02[.]example"),
        ),
        ([USUAL] * 20 + [{**USUAL, "linked": links(*OUTSIDE[:14])}] * 3, None),
        # Other offices are no strangers.
        (
            [USUAL] * 20
            + [{**NEW_TITLE, "language": "en", "linked": links(*(f"h{n:02}.go.id" for n in range(15)))}] * 3,
            (
                False,
                f"{TITLE}; bahasa id menjadi en; 15 tautan ke tempat yang belum dikenal, "
                "seperti h00[.]go[.]id, h01[.]go[.]id, h02[.]go[.]id",
            ),
        ),
        # They are gone again.
        ([USUAL] * 20 + [{**USUAL, "linked": links(*OUTSIDE)}] * 3 + [USUAL], None),
        # They came one by one, as news does.
        ([USUAL] * 15 + [{**USUAL, "linked": links(*OUTSIDE[: n + 1])} for n in range(15)] + [{**USUAL, "linked": links(*OUTSIDE)}] * 3, None),
        # Unknown for a week at most: the watch had only begun.
        ([USUAL] * 10 + [{**USUAL, "linked": links(*OUTSIDE)}] * 3, None),
        # What a cut list left out may have been known.
        (
            [{**USUAL, "linked": json.dumps([*FOLDERS, "…"], ensure_ascii=False)}] * 20
            + [{**USUAL, "linked": links(*OUTSIDE)}] * 3,
            None,
        ),
    ],
)  # fmt: skip
def test_changes(readings: Sequence[dict[str, Any]], expected: tuple[bool, str] | None) -> None:
    assert told(readings) == expected


@pytest.mark.parametrize("latest", [USUAL, {**USUAL, "linked": links("/berita")}], ids=["calm", "restless"])
@pytest.mark.parametrize(
    ("first", "count", "hours", "has_history"),
    [
        (datetime(2026, 3, 2, 0, 30, tzinfo=UTC), 20, 1, True),
        (datetime(2026, 3, 2, 0, 30, tzinfo=UTC), 19, 12, False),
        # The day before the 60 days, in the same week.
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), 20, 12, False),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), 40, 1, False),
        # All within less than a week.
        (AS_OF - timedelta(days=6, hours=23), 20, 1, False),
    ],
)
def test_a_history_is_of_60_days(
    latest: dict[str, Any], first: datetime, count: int, hours: int, has_history: bool
) -> None:
    """Twenty readings over a week; the first of these days counts whole."""
    recent = [{**USUAL, "checked_at": AS_OF - timedelta(hours=hours * n)} for n in range(1, count - 1)]
    connection = standing([{**USUAL, "checked_at": first}, *recent, {**latest, "checked_at": AS_OF}])
    assert connection.execute("SELECT has_history, is_changed FROM service_change").fetchall() == [
        (has_history, False)
    ]


def test_what_happens_in_maintenance_is_no_change() -> None:
    local = (AS_OF + timedelta(hours=7)).replace(tzinfo=None)
    window = {
        "institution": "kota-a", "name": "pindahan", "starts_local": local - timedelta(days=2),
        "ends_local": local + timedelta(hours=1), "is_weekly": False, "valid_from": AS_OF - timedelta(days=90),
    }  # fmt: skip
    assert told([USUAL] * 20 + [JAPANESE] * 4, maintenance=[window]) is None


def test_spam_is_told_as_spam() -> None:
    assert told([USUAL] * 20 + [{**JAPANESE, "is_compromised": True}] * 3) is None
