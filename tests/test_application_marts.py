"""What the views about applications say, worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.line import Line
from tests.warehouse_rows import count_services, warehouse_with
from warehouse.connection import append
from warehouse.publish import create_marts

pytestmark = pytest.mark.e2e

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 1, 20, tzinfo=UTC)
"""The first run of the registry: 2 March in Jakarta."""
KOTA = "kota-uji"


def at(days: int) -> datetime:
    return FIRST + days * DAY


def app(name: str, first: int = 0, last: int | None = None, **more: Any) -> dict[str, Any]:
    """A version of an application, shown by the runs from day `first` until before day `last`."""
    entry: dict[str, Any] = {
        "institution": KOTA,
        "application_key": f"dinas a/{name.lower()}",
        "name": name,
        "agency": "Dinas A",
        "valid_from": at(first),
        "valid_to": None if last is None else at(last),
        "row_hash": f"{name}-{first}",
    }
    return entry | more


def marts(
    applications: Sequence[Mapping[str, Any]],
    *,
    moratorium: date | None = None,
    services: Sequence[Mapping[str, Any]] = (),
    checks: Sequence[Mapping[str, Any]] = (),
) -> duckdb.DuckDBPyConnection:
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "institution": [{"institution": KOTA, "name": "Kota Uji", "moratorium_from": moratorium}],
        "observation": [
            {"institution": KOTA, "source": "registri", "observed_at": at(day), "is_ok": day != 4}
            for day in range(30)
        ],
        "application": applications,
        "service": [{"institution": KOTA} | dict(service) for service in services],
        "uptime_check": [{"institution": KOTA, "last_at": at(9)} | dict(check) for check in checks],
    }
    connection = warehouse_with({name: entries for name, entries in tables.items() if entries})
    create_marts(connection)
    count_services(connection, "memory", at(9))
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def test_what_each_instrument_noted_of_the_same_applications_is_told_once() -> None:
    connection = marts([app("A"), app("B"), app("C")])
    for score_id, instrument, day in (
        ("lama", "spbe-2020", 8),
        ("satu", "spbe-2020", 9),
        ("dua", "pemdi-2026", 9),
    ):
        shared = {"score_id": score_id, "institution": KOTA}
        append(
            connection,
            "score.run",
            [{"instrument": instrument, "as_of": at(day), "scored_at": at(day)}],
            **shared,
        )
        append(
            connection,
            "score.application_overlap",
            [{"ordinal": n, "first_key": "a", "second_key": other} for n, other in enumerate("bc", start=1)],
            **shared,
        )
        append(
            connection,
            "score.application_shared",
            [{"ordinal": 1, "name": "D", "agencies": ["X", "Y"]}],
            **shared,
        )
    assert rows(connection, "SELECT urutan, aplikasi_2 FROM mart.aplikasi_ganda ORDER BY urutan") == [
        (1, "b"),
        (2, "c"),
    ]
    assert rows(connection, "SELECT nama FROM mart.aplikasi_dipakai_bersama") == [("D",)]
    assert rows(connection, "SELECT kandidat_ganda, dipakai_bersama FROM mart.ringkasan_aplikasi") == [(2, 1)]


# History ----------------------------------------------------------------------------------------------------------


def test_the_history_of_an_application_is_told_in_events() -> None:
    connection = marts(
        [
            app("Lama", 0, 3),
            app("Lama", 3, 6, status="tidak_aktif", url="https://lama.kota.go.id/"),
            app("Lama", 6, 8),
            app("Lama", 12),
            app("Baru", 2),
        ]
    )
    found = rows(
        connection, "SELECT nama, pada, kejadian, yang_berubah FROM mart.riwayat_aplikasi ORDER BY pada"
    )
    assert found == [
        ("Lama", at(0), "tercatat sejak awal", None),
        ("Baru", at(2), "muncul", None),
        ("Lama", at(3), "dinonaktifkan", "alamat; status: aktif menjadi tidak_aktif"),
        ("Lama", at(6), "diaktifkan kembali", "alamat; status: tidak_aktif menjadi aktif"),
        ("Lama", at(8), "tidak lagi tercatat", None),
        ("Lama", at(12), "tercatat kembali", None),
    ]


def test_a_change_of_anything_kept_is_named() -> None:
    after = {
        "name": "LAMA",
        "agency": "Dinas B",
        "description": "Uraian",
        "url": "https://a.kota.go.id/",
        "kind": "umum",
        "status": "tidak_diketahui",
        "is_integrated": True,
        "started_on": date(2020, 1, 2),
    }
    connection = marts([app("Lama", 0, 1), app("Lama", 1) | after])
    ((what,),) = rows(connection, "SELECT yang_berubah FROM mart.riwayat_aplikasi WHERE kejadian = 'berubah'")
    assert what == (
        "nama; perangkat daerah; uraian; alamat; jenis: khusus menjadi umum; "
        "status: aktif menjadi tidak_diketahui; integrasi; tanggal mulai"
    )


# The moratorium ---------------------------------------------------------------------------------------------------

MORATORIUM = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("entries", "since"),
    [
        # By the date the registry gives, whenever it was first seen.
        ([app("A", 0, started_on=date(2026, 3, 5))], date(2026, 3, 5)),
        ([app("A", 5, started_on=date(2026, 3, 4))], None),
        # By when it was first seen, in the institution's own time zone; what the first run showed was there.
        ([app("A", 0)], None),
        ([app("A", 2)], None),
        ([app("A", 3)], date(2026, 3, 5)),  # 4 March 20.00 UTC is 5 March in Jakarta
        # A later version of an old application, one renamed at its address, one moved to another office.
        ([app("A", 0, 5), app("A", 5, status="tidak_diketahui")], None),
        ([app("A", 0, 5, url="https://a.id/"), app("A Baru", 5, url="https://a.id/")], None),
        ([app("A", 0, 5), app("A", 5, application_key="dinas b/a", agency="Dinas B")], None),
        # National applications are to be taken up; what is gone is no longer a question.
        ([app("A", 5, kind="umum")], None),
        ([app("A", 5, 7)], None),
    ],
)
def test_what_began_after_the_moratorium(entries: list[dict[str, Any]], since: date | None) -> None:
    connection = marts(entries, moratorium=MORATORIUM)
    found = rows(connection, "SELECT mulai_pada, perangkat_daerah FROM mart.aplikasi_setelah_moratorium")
    assert found == ([] if since is None else [(since, "Dinas A")])


def test_without_a_moratorium_nothing_is_after_it() -> None:
    connection = marts([app("A", 9), app("B", 0, started_on=date(2026, 6, 1))])
    assert rows(connection, "FROM mart.aplikasi_setelah_moratorium") == []


# Registered and alive ---------------------------------------------------------------------------------------------


def test_registered_but_dead_and_alive_but_unregistered() -> None:
    connection = marts(
        [
            app("Mati", url="http://WWW.mati.kota.go.id:80/masuk?x=1"),
            app("Sudah Dicabut", url="https://mati.kota.go.id/lama", status="tidak_aktif"),
            app("Hidup", url="https://hidup.kota.go.id"),
            app("Tanpa Alamat"),
            app("Tak Dipantau", url="https://lain.kota.go.id/"),
            # Its host has one service that answers.
            app("Sebagian", url="https://bersama.kota.go.id/a"),
        ],
        services=[
            {"service_id": "mati", "url": "https://mati.kota.go.id/"},
            {"service_id": "hidup", "url": "https://www.hidup.kota.go.id:443/"},
            {"service_id": "nama", "name": "TANPA-ALAMAT"},
            {"service_id": "gelap"},
            {"service_id": "gelap-mati"},
            {"service_id": "bersama-1", "url": "https://bersama.kota.go.id/a"},
            {"service_id": "bersama-2", "url": "https://bersama.kota.go.id/b"},
        ],
        checks=[
            {"service_id": "mati", "pattern": "u d9"},
            {"service_id": "hidup", "pattern": "u5"},
            {"service_id": "nama", "pattern": "u5"},
            {"service_id": "gelap", "pattern": "u5"},
            {"service_id": "gelap-mati", "pattern": "u d9"},
            {"service_id": "bersama-1", "pattern": "u d9"},
            {"service_id": "bersama-2", "pattern": "u5"},
        ],
    )
    dead = rows(connection, "SELECT nama, layanan, mati_sejak FROM mart.aplikasi_mati")
    assert dead == [("Mati", ["mati"], at(9) - timedelta(minutes=40))]
    assert rows(connection, "SELECT layanan FROM mart.layanan_tak_terdaftar") == [("gelap",)]
    pairs = rows(connection, "SELECT nama, layanan, dasar FROM mart.aplikasi_layanan")
    assert ("Hidup", "hidup", "host") in pairs
    assert ("Tanpa Alamat", "nama", "nama") in pairs


def test_without_a_registry_no_service_is_missing_from_it() -> None:
    connection = marts([], services=[{"service_id": "a"}], checks=[{"service_id": "a", "pattern": "u5"}])
    assert rows(connection, "FROM mart.layanan_tak_terdaftar") == []


def test_a_host_with_another_port_or_an_account_is_the_host_it_says() -> None:
    connection = marts(
        [app("A", url="http://10.kota.go.id:8080/"), app("B", url="https://kota.go.id@jahat.example/")],
        services=[
            {"service_id": "a", "url": "http://10.kota.go.id/"},
            {"service_id": "b", "url": "https://kota.go.id/"},
        ],
    )
    assert rows(connection, "FROM mart.aplikasi_layanan") == []


# Integration ------------------------------------------------------------------------------------------------------


def test_the_share_of_integrated_applications_in_all_and_per_office() -> None:
    connection = marts(
        [
            app("SIPD", is_integrated=True),
            app("S.I.P.D", application_key="dinas b/sipd", agency="Dinas B", is_integrated=False),
            app("Sipd", application_key="dinas c/sipd", agency="Dinas C"),
            app("Parkir", is_integrated=False),
            app("Makam"),
            app("Lama", is_integrated=True, status="tidak_aktif"),
            app("Sipd", application_key="/sipd", agency=None),
        ]
    )
    found = rows(connection, "SELECT * EXCLUDE (institusi) FROM mart.integrasi_aplikasi")
    # "S.I.P.D" is another spelling: names are compared by words.
    assert found == [
        (True, "seluruh perangkat daerah", 6, 4, 1, 2, 1, Decimal("33.33")),
        (False, "Dinas A", 3, 3, 1, 1, 1, Decimal("50.00")),
        (False, "Dinas B", 1, 1, 0, 1, 0, Decimal("0.00")),
        (False, "Dinas C", 1, 1, 0, 0, 1, None),
        (False, "tidak disebut", 1, 1, 0, 0, 1, None),
    ]


# No person ---------------------------------------------------------------------------------------------------------

_CONFIG = """
institution: {id: kota-uji, name: Kota Uji, kind: kota}
agencies: [{id: kominfo, name: Dinas Komunikasi}]
moratorium_from: 2026-06-01
freshness:
  regulation: {ttl: 7d, grace: 7d}
  uptime: {ttl: 6h, grace: 1d}
  application: {ttl: 35d, grace: 30d}
  attestation: {ttl: 365d, grace: 30d}
sources:
  - {id: registri, collector: app_registry, cadence: registry, agency: kominfo, format: csv, path: drop}
"""
_HEAD = (
    "Nama Perangkat Daerah;Nama Aplikasi;Deskripsi;Alamat;Jenis;Status;Tanggal Mulai;Nama Pengelola;Nomor WA"
)
_LINES = (
    "Dinas A;e-Hadir;Kehadiran pegawai, hubungi 0812-3456-7890;https://hadir.contohkota.go.id;Khusus;Aktif;2026-07-01;Budi Rahasia;081234567890",
    "Dinas B;Absensi Pegawai;Rekap kehadiran, surel budi@rahasia.example;https://absen.contohkota.go.id;Khusus;Aktif;2020-01-01;Siti Rahasia;081298765432",
    "Dinas C;Buku Tamu 081255556666;Tamu;https://wa.me/6281255556666;Khusus;Aktif;2026-08-01;Tono Rahasia;081255556666",
)


def test_no_person_and_no_number_reaches_core_copy_page_or_alerts(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "aplikasi.csv").write_text("\n".join((_HEAD, *_LINES)), encoding="utf-8")
    config = tmp_path / "kota-uji.yml"
    config.write_text(_CONFIG, encoding="utf-8")
    line = Line(config, tmp_path / "data")
    scored = line.run()
    published = line.publish()
    line.notify()
    (alert,) = [a for a in scored.alerts if a.kind == "application_after_moratorium"]
    assert alert.line == (
        "2 aplikasi mulai atau pertama tercatat sejak moratorium 01-06-2026: "
        "Buku Tamu (disamarkan) (Dinas C), e-Hadir (Dinas A)"
    )
    with line.published() as connection:
        tables = rows(connection, "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL")
        views = rows(connection, "SELECT 'mart.' || view_name FROM duckdb_views() WHERE schema_name = 'mart'")
        copy = "\n".join(str(rows(connection, f"FROM {name}")) for (name,) in (*tables, *views))
    core = str(line.rows("FROM core.application"))
    page = published.pages[0].read_text(encoding="utf-8")
    sent = line.places.messages.read_text(encoding="utf-8")
    assert "e-Hadir" in core and "Absensi Pegawai" in copy and "e-Hadir" in page and "e-Hadir" in sent
    for text in (core, copy, page, sent):
        for secret in ("Rahasia", "rahasia", "0812", "3456-7890", "62812", "55556666"):
            assert secret not in text
