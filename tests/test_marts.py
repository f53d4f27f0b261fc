"""The documented views: what each says, in the warehouse and in the published copy alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest

from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from tests.warehouse_rows import count_services
from transforms import alert
from transforms.index import rounded
from transforms.instrument import load_instrument
from transforms.views import STATE_NAMES
from warehouse.connection import append, reading, writing
from warehouse.publish import MARTS_FOLDER, create_marts, publish

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy published from the made-up institution's warehouse."""
    folder = tmp_path_factory.mktemp("marts")
    page_fixture.fill(folder / "warehouse.duckdb", load_instrument("spbe-2020"))
    return publish(folder / "warehouse.duckdb", folder / "pantau.duckdb", now=NOW).path


@pytest.fixture
def copy(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader of that copy."""
    with reading(published) as connection:
        yield connection


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that is only migrated, with the views in it."""
    with writing(tmp_path / "warehouse.duckdb", NOW) as connection:
        create_marts(connection)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def run(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    value: str = "2.5",
    *,
    scored_at: datetime | None = None,
    institution: str = "kota-uji",
    ruleset: str = "aturan",
) -> str:
    """Put a score of one number into the warehouse."""
    identity = f"{institution}{as_of.isoformat()}{value}{scored_at}{ruleset}"
    score_id = hashlib.sha256(identity.encode()).hexdigest()
    shared = {"score_id": score_id, "institution": institution}
    score_run = {
        "instrument": "uji",
        "ruleset_hash": ruleset,
        "as_of": as_of,
        "scored_at": scored_at or as_of,
    }
    append(connection, "score.run", [score_run], **shared)
    append(
        connection,
        "score.aggregate",
        [
            {
                "scope": "index",
                "code": "indeks",
                "name": "Indeks uji",
                "weight": Decimal(100),
                **dict.fromkeys(("proven", "provisional", "possible"), Decimal(value)),
                "coverage": Decimal(0),
                "predikat": "Cukup",
            }
        ],
        **shared,
    )
    return score_id


def institution(connection: duckdb.DuckDBPyConnection, zone: str = "Asia/Jakarta") -> None:
    append(
        connection,
        "core.institution",
        [{"name": "Kota Uji", "time_zone": zone, "instrument": "uji"}],
        institution="kota-uji",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_to=None,
    )


def check(
    connection: duckdb.DuckDBPyConnection, at: datetime, is_up: bool | None, attempts: int = 1, **more: object
) -> None:
    append(
        connection,
        "core.uptime_check",
        [{"service_id": "portal", "checked_at": at, "is_up": is_up, "attempts": attempts, **more}],
        institution="kota-uji",
    )


def service(connection: duckdb.DuckDBPyConnection) -> None:
    append(
        connection,
        "core.institution",
        [{"down_after": timedelta(minutes=15)}],
        institution="kota-uji",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_to=None,
    )
    append(
        connection,
        "core.service",
        [
            {
                "service_id": "portal",
                "name": "Portal",
                "url": "https://portal.example/",
                "agency": "diskominfo",
            }
        ],
        institution="kota-uji",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_to=None,
    )


def service_now(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The one service as a copy published now would show it."""
    # A transaction writes to one database only, and what is counted from has one of its own.
    connection.execute("COMMIT")
    count_services(connection, "warehouse", NOW)
    connection.execute("BEGIN")
    (row,) = rows(connection, "FROM mart.layanan_terkini")
    return row


# Every view ---------------------------------------------------------------------------------------------------


def test_there_is_one_file_per_view_or_macro_named_after_it(copy: duckdb.DuckDBPyConnection) -> None:
    views = {row["view_name"] for row in rows(copy, "FROM duckdb_views() WHERE schema_name = 'mart'")}
    macros = {
        row["function_name"] for row in rows(copy, "FROM duckdb_functions() WHERE schema_name = 'mart'")
    }
    assert {path.stem.partition("_")[2] for path in MARTS_FOLDER.glob("*.sql")} == views | macros


@pytest.mark.parametrize("home", ["copy", "empty"])
def test_every_view_and_column_is_described(home: str, request: pytest.FixtureRequest) -> None:
    connection = request.getfixturevalue(home)
    here = "schema_name = 'mart' AND database_name = current_database()"
    views = rows(connection, f"SELECT view_name AS name, comment FROM duckdb_views() WHERE {here}")
    columns = rows(
        connection,
        f"SELECT table_name || '.' || column_name AS name, comment FROM duckdb_columns() WHERE {here}",
    )
    assert len(views) >= 15 and len(columns) > 150
    assert [row["name"] for row in (*views, *columns) if not row["comment"]] == []
    # Where it is said what the provisional value comes from, what is carried in its grace period is part of it.
    told = [row["comment"] for row in columns if row["name"].endswith((".nilai_sementara", ".nilai"))]
    assert all("masa tenggang" in comment for comment in told if "terbukti" in comment)


def test_every_view_works_in_an_empty_warehouse(empty: duckdb.DuckDBPyConnection) -> None:
    names = create_marts(empty)
    assert {name: rows(empty, f"FROM mart.{name}") for name in names} == {name: [] for name in names}


def test_every_view_shows_something_of_a_full_warehouse(copy: duckdb.DuckDBPyConnection) -> None:
    names = [row["view_name"] for row in rows(copy, "FROM duckdb_views() WHERE schema_name = 'mart'")]
    assert [name for name in names if not rows(copy, f"FROM mart.{name}")] == []


def test_no_view_asks_the_clock(published: Path) -> None:
    texts = {path.name: path.read_text(encoding="utf-8").lower() for path in MARTS_FOLDER.glob("*.sql")}
    clocks = ("now()", "current_", "today()", "get_current", "localtime")
    assert [name for name, text in texts.items() if any(clock in text for clock in clocks)] == []


# The index ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["2.345", "2.3449999999", "2.675", "1.005", "3.495", "4.2", "2.5949999999"])
def test_rounding_is_half_up_as_in_scoring(empty: duckdb.DuckDBPyConnection, value: str) -> None:
    run(empty, NOW, value)
    (row,) = rows(empty, "FROM mart.indeks_harian")
    assert row["nilai_sementara"] == rounded(Fraction(value))
    assert row["nilai_sementara_eksak"] == Decimal(value)


def test_a_day_is_the_last_score_of_that_day_in_the_institutions_time_zone(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    institution(empty, "Asia/Jayapura")
    run(empty, datetime(2026, 3, 1, 16, 0, tzinfo=UTC), "2.1")  # 01.00 WIT on 2 March
    last = run(empty, datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "2.2")
    run(empty, datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "2.0", scored_at=datetime(2026, 3, 2, 8, tzinfo=UTC))
    run(empty, datetime(2026, 3, 2, 15, 30, tzinfo=UTC), "2.3")  # 00.30 WIT on 3 March
    found = rows(empty, "SELECT tanggal, nilai_sementara, skor_id FROM mart.indeks_harian ORDER BY tanggal")
    assert [(row["tanggal"], row["nilai_sementara"]) for row in found] == [
        (date(2026, 3, 2), Decimal("2.20")),
        (date(2026, 3, 3), Decimal("2.30")),
    ]
    assert found[0]["skor_id"] == last
    every = rows(empty, "SELECT nilai_sementara FROM mart.indeks_riwayat ORDER BY keadaan_pada")
    assert [row["nilai_sementara"] for row in every] == [Decimal(v) for v in ("2.10", "2.20", "2.30")]


def test_the_latest_is_the_latest_date_scored_not_the_one_scored_last(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    newest = run(empty, NOW, "2.4")
    run(empty, NOW - timedelta(days=30), "1.9", scored_at=NOW + timedelta(days=5))
    assert [row["skor_id"] for row in rows(empty, "FROM mart.indeks_terkini")] == [newest]


def test_the_target_is_that_of_the_year_and_version_scored(empty: duckdb.DuckDBPyConnection) -> None:
    institution(empty)
    changed = datetime(2026, 6, 1, tzinfo=UTC)
    for year, target, since, until in (
        (2026, "3.00", datetime(2026, 1, 1, tzinfo=UTC), changed),
        (2026, "3.10", changed, None),
        (2027, "3.50", changed, None),
    ):
        append(
            empty,
            "core.target",
            [{"year": year, "target": Decimal(target)}],
            institution="kota-uji",
            valid_from=since,
            valid_to=until,
        )
    run(empty, datetime(2026, 5, 1, tzinfo=UTC))
    run(empty, datetime(2026, 12, 31, 18, tzinfo=UTC))  # already 2027 in Jakarta
    found = rows(empty, "SELECT target, selisih_target FROM mart.indeks_harian ORDER BY tanggal")
    assert [tuple(row.values()) for row in found] == [
        (Decimal("3.00"), Decimal("-0.50")),
        (Decimal("3.50"), Decimal("-1.00")),
    ]


def test_the_date_before_is_compared_only_under_the_same_rules(empty: duckdb.DuckDBPyConnection) -> None:
    run(empty, NOW - timedelta(days=2), "2.1")
    run(empty, NOW - timedelta(days=1), "2.9", ruleset="aturan lain")
    run(empty, NOW, "2.4")
    (row,) = rows(empty, "FROM mart.indeks_terkini")
    assert row["sebelumnya_pada"] == NOW - timedelta(days=2)
    assert row["nilai_sementara_sebelumnya_eksak"] == Decimal("2.1")


def test_the_last_official_result_decided_by_then_stands_beside_the_index(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    (row,) = rows(copy, "FROM mart.indeks_terkini")
    assert (row["tahun_resmi"], row["indeks_resmi"]) == (2025, Decimal("3.29"))
    assert [r["tahun"] for r in rows(copy, "FROM mart.hasil_resmi")] == [2021, 2022, 2023, 2024, 2025]


# Levels and findings ------------------------------------------------------------------------------------------


def test_domains_and_aspects_weigh_up_to_the_index(copy: duckdb.DuckDBPyConnection) -> None:
    (index,) = rows(copy, "FROM mart.indeks_terkini")
    for view in ("domain_terkini", "aspek_terkini"):
        (total,) = rows(
            copy,
            f"SELECT sum(bobot) AS bobot, sum(nilai_sementara_eksak * bobot * 0.01) AS nilai FROM mart.{view}",
        )
        assert total["bobot"] == 100
        assert abs(total["nilai"] - index["nilai_sementara_eksak"]) < Decimal("0.00000001")


def test_indicators_are_47_in_the_order_of_the_norm(copy: duckdb.DuckDBPyConnection) -> None:
    found = rows(copy, "SELECT nomor, terbukti, nilai_sementara, potensi FROM mart.indikator_terkini")
    assert [row["nomor"] for row in found] == [str(number) for number in range(1, 48)]
    assert all(row["terbukti"] <= row["nilai_sementara"] <= row["potensi"] for row in found)


def test_what_blocks_the_next_level_is_the_refuted_criterion_of_that_level(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    (fallen,) = rows(copy, f"FROM mart.indikator_terkini WHERE nomor = '{page_fixture.FALLEN}'")
    assert fallen["nilai_sementara"] == 1
    assert fallen["kriteria_penghalang"] == "I05.2.a"
    assert fallen["alasan"] == "I05.2.a tidak terpenuhi: Perwali 12/2021 dicabut oleh Perwali 40/2026"
    assert fallen["saran"].endswith("I05.2.a.")
    blocked = rows(
        copy,
        "SELECT i.nomor, i.nilai_sementara, f.tingkat, f.kode_keadaan, f.masa_tenggang "
        "FROM mart.indikator_terkini AS i JOIN mart.temuan_terkini AS f ON f.kriteria = i.kriteria_penghalang",
    )
    assert len(blocked) > 40
    assert all(row["tingkat"] <= row["nilai_sementara"] + 1 for row in blocked)
    assert all(row["kode_keadaan"] != "met" and not row["masa_tenggang"] for row in blocked)
    for row in blocked:
        refuted = rows(
            copy,
            "SELECT kriteria FROM mart.temuan_terkini WHERE kode_keadaan = 'not_met' "
            f"AND indikator = '{row['nomor']}' AND tingkat = {row['nilai_sementara'] + 1}",
        )
        assert not refuted or row["kode_keadaan"] == "not_met"


def test_the_words_of_states_are_those_of_the_page(copy: duckdb.DuckDBPyConnection) -> None:
    found = rows(copy, "SELECT DISTINCT kode_keadaan, keadaan FROM mart.temuan_terkini")
    assert {row["kode_keadaan"]: row["keadaan"] for row in found} == STATE_NAMES


def test_evidence_leads_from_a_finding_to_its_place_in_the_archive(copy: duckdb.DuckDBPyConnection) -> None:
    (row,) = rows(copy, "FROM mart.bukti_terkini WHERE kriteria = 'I05.2.a'")
    assert row["url"] == "https://jdih.kota-contoh.example/produk-hukum?jenis=perwal&halaman=3"
    assert row["sidik_sha256"] == hashlib.sha256(b"perda").hexdigest()
    assert (row["berkas_warc"], row["letak_warc"]) == ("kota-contoh/jdih-kota/2026-11-24.warc.gz", 4096)
    counts = rows(
        copy,
        "SELECT t.kriteria, t.jumlah_bukti, count(b.kriteria) AS found FROM mart.temuan_terkini AS t "
        "LEFT JOIN mart.bukti_terkini AS b ON b.kriteria = t.kriteria GROUP BY ALL",
    )
    assert [row for row in counts if row["jumlah_bukti"] != row["found"]] == []


def test_contributions_of_changes_add_up_to_the_change_of_the_index(copy: duckdb.DuckDBPyConnection) -> None:
    (index,) = rows(copy, "FROM mart.indeks_terkini")
    changed = rows(copy, "FROM mart.perubahan_terkini")
    assert [(c["indikator"], c["tingkat_sebelum"], c["tingkat_sesudah"]) for c in changed] == [("5", 3, 1)]
    moved = index["nilai_sementara_eksak"] - index["nilai_sementara_sebelumnya_eksak"]
    assert sum(row["sumbangan"] for row in changed) == moved != 0


def test_levels_under_other_rules_are_not_compared(empty: duckdb.DuckDBPyConnection) -> None:
    named = {"indicator": "1", "ordinal": 1, "short_name": "Satu"}
    append(empty, "score.indicator", [named], instrument="uji")
    for days, level, ruleset in ((2, 2, "aturan"), (1, 5, "aturan lain"), (0, 3, "aturan")):
        score_id = run(empty, NOW - timedelta(days=days), ruleset=ruleset)
        reached = {"indicator": "1", "weight": Decimal("1.3"), "provisional": level}
        append(empty, "score.level", [reached], score_id=score_id, institution="kota-uji")
    (row,) = rows(empty, "FROM mart.perubahan_terkini")
    assert (row["tingkat_sebelum"], row["tingkat_sesudah"]) == (2, 3)
    assert row["sumbangan"] == Decimal("0.013")
    assert row["sebelumnya_pada"] == NOW - timedelta(days=2)


def test_criteria_are_those_of_the_rules_in_use(copy: duckdb.DuckDBPyConnection) -> None:
    instrument = load_instrument("spbe-2020")
    found = rows(copy, "SELECT kriteria FROM mart.kriteria")
    assert [row["kriteria"] for row in found] == [criterion.id for _, _, criterion in instrument.placed()]


def test_data_sets_are_shown_with_formats_and_their_age_when_last_read(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    def listed(key: str, days: int | None, formats: str, **more: object) -> dict[str, object]:
        modified = None if days is None else NOW - timedelta(days=days)
        return {"dataset_key": key, "formats": formats, "resource_count": 1, "modified_at": modified, **more}

    sets = [
        listed("a", 10, "csv,pdf"),
        listed("b", 400, "pdf,xlsx"),
        listed("c", 900, "geojson"),
        listed("d", None, "json", resource_count=0),
        listed("gone", 1, "csv", valid_to=NOW),
    ]
    append(
        empty,
        "core.dataset",
        [{"valid_to": None, **one} for one in sets],
        institution="kota-uji",
        source="katalog",
        valid_from=NOW - timedelta(days=1),
    )
    runs = [{"observed_at": NOW, "is_ok": True}, {"observed_at": NOW + timedelta(days=500), "is_ok": False}]
    append(empty, "core.observation", runs, institution="kota-uji", source="katalog")
    found = rows(
        empty, "SELECT himpunan_data, format_terbuka, umur_hari, kemutakhiran FROM mart.data_terbuka"
    )
    assert [tuple(row.values()) for row in found] == [
        ("a", True, 10, "mutakhir"),
        ("b", False, 400, "lama"),
        ("c", True, 900, "terbengkalai"),
        ("d", False, None, "tidak diketahui"),
    ]


# Services and sources -----------------------------------------------------------------------------------------


def test_a_page_taken_over_stays_so_until_it_is_read_clean(empty: duckdb.DuckDBPyConnection) -> None:
    def told() -> tuple[object, object]:
        (row,) = rows(empty, "FROM mart.layanan_terkini")
        return row["disusupi"], row["bukti_penyusupan"]

    service(empty)
    check(empty, NOW - timedelta(minutes=60), True)
    assert told() == (None, None)
    quote = "judul: “slot gacor”"
    check(empty, NOW - timedelta(minutes=40), True, is_compromised=True, compromise_evidence=quote)
    check(empty, NOW - timedelta(minutes=30), False)
    assert told() == (True, "judul: “slot gacor”")
    check(empty, NOW - timedelta(minutes=20), True, is_compromised=False, page_title="Portal", hsts=True)
    assert told() == (False, None)
    (row,) = rows(empty, "SELECT judul_halaman, hsts FROM mart.layanan_terkini")
    assert row == {"judul_halaman": "Portal", "hsts": True}


@pytest.mark.parametrize(
    ("checks", "state", "since"),
    [
        ({}, "belum diperiksa", None),
        ({60: True, 5: True}, "hidup", 60),
        ({60: True, 20: True, 5: False}, "gagal sesaat", 5),
        ({60: True, 20: False, 15: False}, "mati", 20),
        ({20: True, 15: False, 10: False}, "gagal sesaat", 15),
        ({60: False, 20: True, 5: None}, "tidak dapat dipastikan", 5),
    ],
)
def test_one_failed_check_is_a_hiccup_a_quarter_of_an_hour_is_down(
    empty: duckdb.DuckDBPyConnection, checks: dict[int, bool | None], state: str, since: int | None
) -> None:
    service(empty)
    for minutes, is_up in checks.items():
        check(empty, NOW - timedelta(minutes=minutes), is_up)
    row = service_now(empty)
    assert row["keadaan"] == state
    assert row["sejak"] == (None if since is None else NOW - timedelta(minutes=since))


def test_a_service_that_keeps_changing_is_unstable_since_its_first_change(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    service(empty)
    for at in range(12):
        check(empty, NOW - timedelta(minutes=60 - 5 * at), at % 2 == 0, attempts=2)
    row = service_now(empty)
    assert (row["keadaan"], row["sejak"]) == ("tidak stabil", NOW - timedelta(minutes=55))


def test_maintenance_is_a_state_and_its_checks_do_not_count(empty: duckdb.DuckDBPyConnection) -> None:
    service(empty)
    local = NOW.replace(tzinfo=None) + timedelta(hours=7)
    window = {
        "name": "pindahan", "starts_local": local - timedelta(minutes=30), "is_weekly": False,
        "ends_local": local + timedelta(minutes=30), "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    append(empty, "core.maintenance", [window], institution="kota-uji")
    empty.execute("UPDATE core.institution SET time_zone = 'Asia/Jakarta'")
    check(empty, NOW - timedelta(minutes=60), True)
    check(empty, NOW - timedelta(minutes=20), False, attempts=2)
    row = service_now(empty)
    assert (row["keadaan"], row["sejak"]) == ("pemeliharaan", NOW - timedelta(minutes=30))
    assert (row["ketersediaan_30_hari_persen"], row["pemeriksaan_30_hari"]) == (Decimal("100.00"), 1)
    assert row["diperiksa_pada"] == NOW - timedelta(minutes=20)
    empty.execute("UPDATE core.maintenance SET ends_local = starts_local + INTERVAL 15 MINUTE")
    empty.execute("DELETE FROM core.service_now")
    row = service_now(empty)
    assert (row["keadaan"], row["sejak"]) == ("hidup", NOW - timedelta(minutes=60))


def test_one_check_that_failed_over_two_connections_is_down_when_nothing_was_up_for_long(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    service(empty)
    check(empty, NOW - timedelta(minutes=60), True)
    check(empty, NOW - timedelta(minutes=5), False, attempts=2)
    assert service_now(empty)["keadaan"] == "mati"


def test_availability_counts_30_days_and_leaves_out_what_could_not_tell(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    service(empty)
    for days, is_up in ((40, False), (20, False), (10, True), (5, True), (4, None), (0, True)):
        check(empty, NOW - timedelta(days=days), is_up)
    row = service_now(empty)
    assert (row["ketersediaan_30_hari_persen"], row["pemeriksaan_30_hari"]) == (Decimal("75.00"), 4)


def test_a_failed_source_keeps_its_last_good_run_and_is_stale_as_of_the_score(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    found = {row["sumber"]: row for row in rows(copy, "FROM mart.sumber_terkini")}
    assert set(found) == {"aplikasi", "atestasi", "institusi", "jdih-dprd", "jdih-kota", "layanan"}
    failed = found["jdih-dprd"]
    assert not failed["terakhir_berhasil"]
    assert failed["kelas_galat"] == "blocked"
    assert failed["berhasil_pada"] == NOW - timedelta(hours=220)
    assert (failed["jumlah_baris"], failed["jumlah_ditolak"]) == (412, 0)
    assert found["jdih-kota"]["jumlah_ditolak"] == 3
    assert {name: row["basi"] for name, row in found.items()} == {
        "aplikasi": False,
        "atestasi": None,
        "institusi": None,
        "jdih-dprd": True,
        "jdih-kota": False,
        "layanan": False,
    }
    assert found["jdih-kota"]["kelas_galat"] is None


# Operations ---------------------------------------------------------------------------------------------------


def test_alerts_say_whether_they_were_delivered(copy: duckdb.DuckDBPyConnection) -> None:
    found = {row["jenis"]: row for row in rows(copy, "FROM mart.peringatan")}
    assert found["index_fell"]["saluran"] == "jsonl"
    assert found["index_fell"]["disampaikan_pada"] == NOW
    assert found["index_fell"]["sebab"] == "keadaan berubah"
    assert found["source_failed"]["disampaikan_pada"] is None


def test_quarantine_shows_reasons_and_counts_only(copy: duckdb.DuckDBPyConnection) -> None:
    (row,) = rows(copy, "FROM mart.karantina")
    assert (row["sumber"], row["alasan"], row["jumlah"]) == ("jdih-kota", "tahun di luar 1945 sampai 2027", 3)
    assert page_fixture.SECRET_RAW not in str(row)


def test_only_what_is_current_is_listed(copy: duckdb.DuckDBPyConnection) -> None:
    assert [row["nomor"] for row in rows(copy, "FROM mart.regulasi_terkini")] == ["12"]
    found = rows(copy, "SELECT institusi, nama FROM mart.aplikasi_terkini")
    assert {row["institusi"] for row in found} == {INSTITUTION}
    assert "Portal" in {row["nama"] for row in found} and len(found) == 6


def test_the_kinds_of_alerts_are_all_described(copy: duckdb.DuckDBPyConnection) -> None:
    described = copy.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'peringatan' AND column_name = 'jenis'"
    ).fetchone()
    assert described is not None
    missing = [kind for kind in get_args(alert.Kind) if not re.search(rf"\b{kind}\b", described[0])]
    assert missing == []
