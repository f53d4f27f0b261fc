"""What a hint rests on: the captures that its probe cites, found in the published copy by what the hint says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.evidence_list import EvidenceList
from tests.warehouse_rows import completed
from transforms.ruleset import load_ruleset
from transforms.views import CriterionView, IndicatorView
from warehouse import read
from warehouse.asking import Models
from warehouse.connection import append, reading, writing
from warehouse.publish import publish
from warehouse.score import score

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
CITY = "kota-uji"
INSTRUMENTS = ("spbe-2020", "pemdi-2026")


def _rows() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    def legal(number: str | None, title: str, **more: Any) -> dict[str, Any]:
        return {"number": number, "title": title, "year": 2022, "capture_id": "daftar"} | more

    def app(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "capture_id": "registri"} | more

    services = ("aduan", "izin")
    return {
        "institution": [
            {"name": "Kota Uji", "min_drop": "0.01", "also": ["pemdi-2026"], "capture_id": "daftar"}
        ],
        "freshness": [
            {"kind": kind, "ttl": timedelta(days=400), "grace": timedelta(days=30)}
            for kind in ("regulation", "uptime", "application", "attestation", "external_index")
        ],
        "regulation": [
            legal("12", "Penyelenggaraan Sistem Pemerintahan Berbasis Elektronik"),
            # The same product elsewhere, another of that number and year, and one that amends it.
            legal("12", "Penyelenggaraan Sistem Pemerintahan Berbasis Elektronik", source="provinsi", capture_id="lain"),
            legal("12", "Retribusi Parkir", type_code="perda", type_name="Peraturan Daerah", capture_id="perda"),
            # Of no number; its words lie in the title of another.
            legal(
                None, "Peraturan Wali Kota tentang Pembangunan dan Pengembangan Aplikasi", year=None, capture_id="tanpa"
            ),
            legal("19", "Satu Data dan Manajemen Data", capture_id="data", valid_to=NOW - timedelta(days=1)),
            legal("19", "Satu Data dan Manajemen Data", capture_id="data-2", valid_from=NOW - timedelta(days=1)),
        ],
        "application": [
            app("SRIKANDI", is_integrated=True),
            app("SRIKANDI DPRD", capture_id="registri-2"),
            app("Meja Bantu TIK", description="helpdesk layanan TIK", capture_id="registri-3"),
            app("Arsip Lama", status="tidak_aktif", capture_id="registri-4"),
        ],
        "dataset": [{"dataset_key": f"d{n}", "capture_id": "katalog"} for n in range(3)],
        "service": [{"service_id": name} for name in services],
        "service_shows": [
            {"service_id": "aduan", "indicator": number, "function": "interaksi"} for number in ("17", "20", "42")
        ],
        "uptime_check": [
            # Every two hours for five days, and on: a copy keeps the last, which no score knew of.
            {"service_id": name, "url": f"https://{name}.kota.go.id/", "pattern": "u60", "every_minutes": 120,
             "last_at": NOW + timedelta(hours=5)}
            for name in services
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("petunjuk") / "w.duckdb"
    captures: dict[str, dict[str, Any]] = {}
    with writing(path, NOW) as connection:
        for table, entries in _rows().items():
            for entry in entries:
                since = {} if table == "uptime_check" else {"valid_from": SINCE}
                rows = [since | row for row in completed(table, entry)]
                append(connection, f"core.{table}", rows, institution=CITY)
                captures |= {r["capture_id"]: r for r in rows if "capture_id" in r}
        for key, row in captures.items():
            capture = {
                "capture_id": key,
                "source": row.get("source", "kota"),
                "url": f"https://{row.get('source', 'kota')}.example/{key}",
                "captured_at": row.get("checked_at", NOW - timedelta(hours=2)),
                "digest": "sha256:" + "cd" * 32,
                "warc_file": "2026-11-24.warc.gz",
                "warc_offset": 512,
            }
            append(connection, "core.capture", [capture], institution=CITY)
    score(path, as_of=NOW, now=NOW)
    return path


@pytest.fixture(scope="module")
def views(warehouse: Path) -> Mapping[str, Sequence[IndicatorView]]:
    copy = publish(warehouse, warehouse.with_name("copy.duckdb"), now=NOW).path
    with reading(copy) as connection:
        return {
            name: read.indicators(connection, read.index_view(connection, CITY, name)) for name in INSTRUMENTS
        }


def hinted(views: Mapping[str, Sequence[IndicatorView]], name: str) -> CriterionView:
    return next(c for view in views["spbe-2020"] for c in view.criteria if c.criterion == name)


def test_a_hint_cites_what_its_probes_do(
    warehouse: Path, views: Mapping[str, Sequence[IndicatorView]]
) -> None:
    speaking: set[str] = set()
    probes: set[str] = set()
    with writing(warehouse, NOW) as connection:
        for name in INSTRUMENTS:
            ruleset, models = load_ruleset(name), Models()
            calls = {call for rule in ruleset.rules.rules for call in rule.hinted_by}
            models.stand(connection, ruleset.topics, NOW)
            models.ask(connection, ruleset.probes, calls)
            answers = models.answers(connection)[CITY]
            asked = {
                rule.criterion: {
                    e for call in rule.hinted_by if answers[call].holds for e in answers[call].evidence_ids
                }
                for rule in ruleset.rules.rules
                if any(answers[call].holds for call in rule.hinted_by)
            }
            found = {
                c.criterion: {e.capture_id for e in c.hint_evidence}
                for view in views[name]
                for c in view.criteria
                if c.hint
            }
            assert found == asked
            probes |= {call.probe for call in calls}
            speaking |= {call.probe for call in calls if answers[call].holds}
    # Every probe that hints anywhere does so here.
    assert speaking == probes


def test_each_capture_leads_to_address_time_and_digest(views: Mapping[str, Sequence[IndicatorView]]) -> None:
    policy = hinted(views, "I02.2.a")
    assert [(e.url, e.digest, e.warc_offset) for e in policy.hint_evidence] == [
        ("https://jdih.example/daftar", "cd" * 32, 512),
        ("https://provinsi.example/lain", "cd" * 32, 512),
    ]
    desk = hinted(views, "I28.4.a")
    assert [e.url for e in desk.hint_evidence] == ["https://registri.example/registri-3"]
    # What only hints is told apart from what decides.
    numbered = {entry.evidence.capture_id: entry for entry in EvidenceList(views["spbe-2020"]).entries}
    assert numbered["registri-3"].use == "petunjuk untuk I18.2.a, I28.4.a"


def test_the_views_say_the_same_and_which_is_only_a_hint(
    warehouse: Path, views: Mapping[str, Sequence[IndicatorView]]
) -> None:
    with reading(warehouse.with_name("copy.duckdb")) as connection:
        rows = connection.execute(
            "SELECT sebagai, url, sidik_jari, petunjuk FROM mart.penjelasan_kriteria "
            "WHERE instrumen = 'spbe-2020' AND kriteria = 'I28.4.a'"
        ).fetchall()
        (alone,) = connection.execute(
            "SELECT url, sidik_sha256, ditangkap_pada FROM mart.bukti_petunjuk "
            "WHERE instrumen = 'spbe-2020' AND kriteria = 'I28.4.a'"
        ).fetchall()
    hint = "Registri mencatat aplikasi aktif: Meja Bantu TIK"
    assert rows == [("petunjuk", "https://registri.example/registri-3", "cd" * 32, hint)]
    assert alone == ("https://registri.example/registri-3", "cd" * 32, NOW - timedelta(hours=2))
