"""What sources list at later dates of a run is what is read when a date is built by itself."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.warehouse_rows import warehouse_with
from transforms.instrument import load_topics
from warehouse.alert_facts import failed_sources
from warehouse.asking import build_models

pytestmark = pytest.mark.e2e

TOPICS = load_topics()
BEGIN = datetime.fromisoformat("2025-12-20T01:00:00+00:00")
DAY = timedelta(days=1)
LISTINGS = (
    "source_seen",
    "regulation_current",
    "regulation_listing",
    "regulation_titled",
    "regulation_topic",
    "application_current",
    "application_topic",
    "dataset_current",
)
NAMES = ["kota-a", "kota-b", "kota-c"]


def product(number: int, title: str, **more: Any) -> dict[str, Any]:
    row = {"institution": "kota-a", "number": str(number), "title": title, "capture_id": f"c-{number}"}
    return row | {"regulation_key": f"perkada/2023/{number}"} | more


def runs(institution: str, source: str, days: int) -> list[dict[str, Any]]:
    """Daily runs of a source, every third of which fails."""
    return [
        {
            "institution": institution,
            "source": source,
            "observed_at": BEGIN - 4 * DAY + day * DAY - timedelta(hours=1),
            "is_ok": day % 3 != 1,
            "message": f"m{day}",
            "error": None if day % 3 != 1 else "timeout",
            "entry_id": f"{institution}/{source}/{day}",
        }
        for day in range(days)
    ]


WORLD: dict[str, list[dict[str, Any]]] = {
    "institution": [
        {"institution": "kota-a"},
        # Its file has another version on the fourth day, the other's begins on the sixth and ends on the tenth.
        {"institution": "kota-b", "valid_to": BEGIN + 3.5 * DAY},
        {"institution": "kota-b", "valid_from": BEGIN + 3.5 * DAY, "time_zone": "Asia/Jayapura"},
        {"institution": "kota-c", "valid_from": BEGIN + 5.5 * DAY, "valid_to": BEGIN + 9.5 * DAY},
    ],
    "observation": [
        *(
            one
            for name in NAMES
            for source in ("jdih", "registri", "katalog")
            for one in runs(name, source, 24)
        )
    ],
    "regulation": [
        product(1, "Arsitektur SPBE", valid_to=BEGIN + 2.5 * DAY),
        product(1, "Arsitektur SPBE", status="dicabut", valid_from=BEGIN + 2.5 * DAY),
        product(2, "Satu Data Kota A", valid_from=BEGIN + 1.5 * DAY, file_url="https://a.go.id/2.pdf"),
        # It ends with the year.
        product(3, "Peta Rencana SPBE Tahun 2021-2025"),
        # It repeals another from a later day on.
        product(4, "Manajemen Keamanan Informasi SPBE"),
        product(
            5,
            "Perubahan Keamanan Informasi",
            promulgated_on=date(2025, 12, 28),
            relations=json.dumps(
                [
                    {
                        "kind": "mencabut",
                        "type_code": "perkada",
                        "number": "4",
                        "year": 2023,
                        "raw": "Perwal 4/2023",
                    }
                ]
            ),
        ),
        product(6, "Arsitektur SPBE Kota B", institution="kota-b"),
        product(7, "Satu Data Kota C", institution="kota-c"),
        product(2, "Satu Data Kota A", source="jdihn", type_name=None, valid_from=BEGIN + 4.5 * DAY),
    ],
    "application": [
        {
            "institution": "kota-a",
            "application_key": key,
            "name": name,
            "is_integrated": key == "a",
            "capture_id": f"p-{key}",
            **more,
        }
        for key, name, more in (
            ("a", "SIMPEG Kepegawaian", {}),
            ("b", "SIPD e-Planning", {"valid_from": BEGIN + 2.5 * DAY}),
            ("c", "e-Musrenbang", {"valid_to": BEGIN + 6.5 * DAY}),
        )
    ],
    "dataset": [
        {"institution": "kota-b", "dataset_key": f"d{n}", "title": f"D{n}", "capture_id": "k", **more}
        for n, more in enumerate([{}, {"valid_from": BEGIN + 1.5 * DAY}, {"valid_to": BEGIN + 7.5 * DAY}, {}])
    ],
}


def test_listings_of_later_dates_are_those_of_each_by_itself() -> None:
    only = ("institution_current", *LISTINGS)
    stepped, alone = warehouse_with(WORLD), warehouse_with(WORLD)
    as_of, since = BEGIN, None
    said: dict[str, list[Any]] = {name: [] for name in (*LISTINGS, "failed")}
    for days in (0, 1, 1, 1, 1, 1, 1, 2, 2, 1, 4):
        as_of += days * DAY
        build_models(stepped, TOPICS, as_of, institutions=NAMES, only=only, since=since)
        build_models(alone, TOPICS, as_of, institutions=NAMES, only=only)
        since = as_of
        for name in LISTINGS:
            rows = f"SELECT * FROM {name} ORDER BY ALL"
            said[name].append(alone.execute(rows).fetchall())
            assert stepped.execute(rows).fetchall() == said[name][-1], (name, as_of)
        said["failed"].append(failed_sources(alone, as_of))
        assert failed_sources(stepped, as_of) == said["failed"][-1], as_of
    # Each of them moves.
    assert {name for name, found in said.items() if all(one == found[0] for one in found)} == set()
