"""Histories of Uptime Kuma and Gatus: matched, archived without secrets, loaded, and nothing dropped silently."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.archive import Archive
from collectors.evidence import Capture, ParseError
from collectors.institution import HISTORY_SOURCE, ConfigError
from collectors.uptime_history import FORMAT, Heartbeat, Tool, parse, read_export
from flows.import_uptime import Imported, import_uptime
from flows.load import load
from flows.places import Places
from tests.test_institution import GOOD
from warehouse.connection import reading, writing
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 5, 20, tzinfo=UTC)
SECRET = "rahasia-sekali"
SERVICES = """
- {id: hukum, name: JDIH, url: "https://jdih.uji.go.id/cari?a=1", agency: diskominfo}
- {id: satu, name: Satu, url: "https://bersama.uji.go.id/satu", agency: diskominfo}
- {id: dua, name: Dua, url: "https://bersama.uji.go.id/dua", agency: diskominfo}
"""
MONITORS = [
    {"id": 1, "name": "Portal Kota", "type": "http", "url": "HTTPS://uji.go.id/", "basic_auth_pass": SECRET},
    {
        "id": 2,
        "name": "JDIH",
        "type": "keyword",
        "url": "https://jdih.uji.go.id/cari/?a=1",
        "basic_auth_pass": "",
    },
    {"id": 3, "name": "Server", "type": "ping", "url": None, "basic_auth_pass": ""},
    {"id": 4, "name": "Bersama", "type": "http", "url": "https://bersama.uji.go.id/", "basic_auth_pass": ""},
    {"id": 5, "name": "Portal lagi", "type": "http", "url": "https://uji.go.id", "basic_auth_pass": ""},
]
BEATS: list[tuple[int, int, str, str, int | None]] = [
    (1, 1, "200 - OK", "2026-05-04 01:00:00.123", 120),
    (1, 2, SECRET, "2026-05-04 01:01:00.000", None),
    (1, 0, "Request failed with status code 503", "2026-05-04 01:02:00.000", None),
    (1, 3, "Monitor under maintenance", "2026-05-04 01:03:00.000", None),
    (1, 1, "200 - OK", "2026-05-04 01:04:00.000", 80),
    (1, 9, "?", "2026-05-04 01:05:00.000", 80),
    (2, 0, "getaddrinfo ENOTFOUND", "2026-05-04 01:00:00.000", None),
    (3, 1, "", "2026-05-04 01:00:00.000", 3),
    (5, 1, "200 - OK", "2026-05-04 01:00:30.000", 3),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "uji.yml"
    path.write_text(GOOD.rstrip() + SERVICES)
    return path


def kuma_db(folder: Path) -> Path:
    path = folder / "kuma.db"
    with sqlite3.connect(path) as store:
        store.execute(
            "CREATE TABLE monitor (id INTEGER, name TEXT, type TEXT, url TEXT, basic_auth_pass TEXT)"
        )
        store.execute(
            "CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, important BOOLEAN, monitor_id INTEGER, status SMALLINT, "
            "msg TEXT, time DATETIME, ping INTEGER, duration INTEGER, down_count INTEGER)"
        )
        store.executemany("INSERT INTO monitor VALUES (:id, :name, :type, :url, :basic_auth_pass)", MONITORS)
        store.executemany(
            "INSERT INTO heartbeat (monitor_id, status, msg, time, ping) VALUES (?, ?, ?, ?, ?)", BEATS
        )
    return path


def kuma_json(folder: Path, beats: bool) -> Path:
    data: dict[str, Any] = {
        "version": "1.23.0",
        "notificationList": [{"token": SECRET}],
        "monitorList": MONITORS,
    }
    if beats:
        names = ("monitor_id", "status", "msg", "time", "ping")
        data["heartbeatList"] = [dict(zip(names, beat, strict=True)) for beat in BEATS]
    path = folder / f"cadangan-{beats}.json"
    path.write_text(json.dumps(data))
    return path


def gatus_db(folder: Path) -> Path:
    path = folder / "data.db"
    with sqlite3.connect(path) as store:
        store.execute(
            "CREATE TABLE endpoints (endpoint_id INTEGER, endpoint_key TEXT, endpoint_name TEXT, endpoint_group TEXT)"
        )
        store.execute(
            "CREATE TABLE endpoint_results (endpoint_result_id INTEGER PRIMARY KEY, endpoint_id INTEGER, "
            "success INTEGER, errors TEXT, connected INTEGER, status INTEGER, dns_rcode TEXT, "
            "certificate_expiration INTEGER, hostname TEXT, ip TEXT, duration INTEGER, timestamp TIMESTAMP)"
        )
        store.executemany(
            "INSERT INTO endpoints VALUES (?, ?, ?, ?)",
            [(1, "inti_portal", "portal", "inti"), (2, "_bersama", "bersama", "")],
        )
        store.executemany(
            "INSERT INTO endpoint_results (endpoint_id, success, status, hostname, duration, timestamp) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (1, 1, 200, "uji.go.id", 45_500_000, "2026-05-04 01:00:00.123456789+00:00"),
                (1, 0, 502, "uji.go.id", 1_000_000, "2026-05-04 08:01:00 +0700 WIB"),
                (2, 1, 200, "bersama.uji.go.id", 1_000_000, "2026-05-04 01:00:00+00:00"),
            ],
        )
    return path


def gatus_json(folder: Path) -> Path:
    def result(at: str, success: bool, status: int, duration: int, host: str) -> dict[str, Any]:
        return {"status": status, "hostname": host, "duration": duration, "success": success, "timestamp": at}

    path = folder / "statuses.json"
    path.write_text(
        json.dumps(
            [
                {
                    "name": "portal",
                    "group": "inti",
                    "key": "inti_portal",
                    "results": [
                        result("2026-05-04T08:01:00.000000001+07:00", False, 502, 1_000_000, "uji.go.id"),
                        result("2026-05-04T01:00:00.123456789Z", True, 200, 45_500_000, "uji.go.id"),
                    ],
                },
                {
                    "name": "bersama",
                    "results": [result("2026-05-04T01:00:00Z", True, 200, 1_000_000, "bersama.uji.go.id")],
                },
            ]
        )
    )
    return path


def brought(config: Path, export: Path, tool: Tool, **more: Any) -> tuple[list[Imported], Places]:
    places = Places(config.parent / "data")
    return import_uptime(config, export, tool, Archive(places.archive), clock=lambda: NOW, **more), places


@pytest.mark.parametrize("form", ["db", "json"])
def test_uptime_kuma(config: Path, tmp_path: Path, form: str) -> None:
    export = kuma_db(tmp_path) if form == "db" else kuma_json(tmp_path, beats=True)
    results, places = brought(config, export, "uptime-kuma")
    assert results == [
        Imported("Portal Kota", "portal", "", 5, 5, 1),
        Imported("JDIH", "hukum", "", 1, 1, 0),
        Imported("Server", None, "bukan pemantauan alamat web", 1, 0, 0),
        Imported("Bersama", None, "2 layanan pada host bersama.uji.go.id", 0, 0, 0),
        Imported("Portal lagi", None, "riwayat layanan portal sudah diambil dari 'Portal Kota'", 1, 0, 0),
    ]
    archive = Archive(places.archive)
    kept = [c.payload for e in archive.ledger("kota-uji", HISTORY_SOURCE) for c in archive.read(e)[1]]
    assert len(kept) == 2
    assert not any(SECRET.encode() in payload for payload in kept)
    # Again: nothing is added.
    again, _ = brought(config, export, "uptime-kuma")
    assert [r.archived for r in again] == [0] * 5

    loaded = load(places, now=NOW)
    assert {r.outcome for r in loaded} == {"loaded"}
    with writing(places.warehouse, NOW) as connection:
        found = connection.execute(
            "SELECT service_id, strftime(checked_at, '%H:%M:%S'), is_up, status, error_class, total_ms, source "
            "FROM core.uptime_check ORDER BY ALL"
        ).fetchall()
    assert found == [
        ("hukum", "01:00:00", False, None, "imported", None, HISTORY_SOURCE),
        ("portal", "01:00:00", True, 200, None, 120, HISTORY_SOURCE),
        ("portal", "01:01:00", None, None, "imported_unknown", None, HISTORY_SOURCE),
        ("portal", "01:02:00", False, 503, "http_503", None, HISTORY_SOURCE),
        ("portal", "01:03:00", None, None, "imported_unknown", None, HISTORY_SOURCE),
        ("portal", "01:04:00", True, 200, None, 80, HISTORY_SOURCE),
    ]
    publish(places.warehouse, places.published, now=NOW)
    with reading(places.published) as connection:
        # Up 1 minute, unknown 1, down 1, unknown 1, up 30 as no check speaks for longer.
        levels = connection.execute(
            "SELECT menit_hidup, menit_mati, pemeriksaan, pemeriksaan_riwayat FROM mart.sla_layanan_bulanan "
            "WHERE layanan = 'portal'"
        ).fetchall()
        states = connection.execute("SELECT DISTINCT keadaan FROM mart.layanan_terkini").fetchall()
    assert [tuple(map(float, row)) for row in levels] == [(31.0, 1.0, 3, 5)]
    assert states == [("belum diperiksa",)]


def test_a_backup_without_heartbeats_says_so(config: Path, tmp_path: Path) -> None:
    results, places = brought(config, kuma_json(tmp_path, beats=False), "uptime-kuma")
    assert results[0].service == "portal"
    assert "berikan kuma.db" in results[0].reason
    assert Archive(places.archive).ledger("kota-uji", HISTORY_SOURCE) == []


@pytest.mark.parametrize("make", [gatus_db, gatus_json])
def test_gatus(config: Path, tmp_path: Path, make: Any) -> None:
    export = make(tmp_path)
    results, _ = brought(config, export, "gatus")
    assert [(r.monitor, r.service, r.archived, r.reason) for r in results] == [
        ("inti/portal", "portal", 2, ""),
        ("bersama", None, 0, "2 layanan pada host bersama.uji.go.id"),
    ]
    (portal, _) = read_export(export, "gatus")
    first, second = portal.heartbeats
    assert first == Heartbeat(datetime(2026, 5, 4, 1, 0, 0, 123456, UTC), True, 200, 45.5)
    assert (second.at, second.is_up, second.status) == (datetime(2026, 5, 4, 1, 1, tzinfo=UTC), False, 502)


def test_a_mapping_decides_and_must_name_what_is_there(config: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "pemantau.yml"
    mapping.write_text("bersama: dua\ninti/portal: tidak-ada\n")
    results, _ = brought(config, gatus_db(tmp_path), "gatus", mapping=mapping)
    assert [(r.service, r.reason) for r in results] == [
        (None, "layanan 'tidak-ada' tidak ada dalam berkas institusi"), ("dua", ""),
    ]  # fmt: skip
    mapping.write_text("Bersma: dua\n")
    with pytest.raises(ConfigError, match=r"no monitor in .* is named 'Bersma'"):
        brought(config, tmp_path / "data.db", "gatus", mapping=mapping)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"bukan apa-apa", "neither SQLite nor JSON"),
        (b"[1]", "no export of"),
        (b"SQLite format 3\x00", "no store of"),
    ],
)
@pytest.mark.parametrize("tool", ["uptime-kuma", "gatus"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, tool: Tool, content: bytes, said: str) -> None:
    path = tmp_path / "berkas"
    path.write_bytes(content)
    with pytest.raises(ParseError, match=said):
        read_export(path, tool)


@pytest.mark.parametrize("lost", ["checks", "service_id", "url"])
def test_an_archived_batch_without_a_part_is_refused(lost: str) -> None:
    """Loading takes a refusal for one run's; any other error would end the load of everything."""
    batch = {"format": FORMAT, "service_id": "satu", "url": "https://satu.go.id/", "checks": []}
    del batch[lost]
    at = datetime(2026, 11, 1, tzinfo=UTC)
    capture = Capture("urn:1", "impor:satu", at, None, (), "", json.dumps(batch).encode())
    with pytest.raises(ParseError, match=f"has no readable {lost}"):
        parse([capture])
