"""What is looked at on every date: the path to the target, certificates, what stands still, what runs out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest

from collectors.certificates import TlsFault
from tests.small_instrument import CRITERIA, INSTRUMENT, PROBES, RULES, proof
from tests.test_alerts import DAY, JAKARTA, MONDAY, decided, scored, seen
from tests.warehouse_rows import warehouse_with
from transforms.alert import Alert
from transforms.alerts import FailedSource, decide
from transforms.attribution import Scored
from transforms.collection_words import failure_words
from transforms.finding import Answer
from transforms.forecast import Expiry
from transforms.instrument import load_topics
from transforms.ruleset import Ruleset
from transforms.watch import (
    ExpiringCertificate,
    Silence,
    TargetPath,
    Watched,
    expiring_evidence,
    watch_alert,
)
from warehouse.asking import build_models
from warehouse.score_rows import rows_of
from warehouse.watched import watched

HOUR = timedelta(hours=1)
TWO_POINT_THREE = scored(MONDAY, seen(MONDAY))
"""2,33, predikat Cukup."""


def told(fact: Watched, current: Scored = TWO_POINT_THREE) -> Alert | None:
    return watch_alert(current, fact, Decimal("0.01"), JAKARTA)


# The predikat ------------------------------------------------------------------------------------------------


def dropped_to(index: str, predikat: str, of: Scored) -> Scored:
    (top, *rest) = of.aggregates
    return replace(of, aggregates=(replace(top, provisional=Fraction(index), predikat=predikat), *rest))


def test_a_lower_predikat_takes_the_place_of_the_fall_of_the_index() -> None:
    repealed = seen(MONDAY + DAY) | {
        proof("I03.3.a"): Answer(False, "Perwal 5/2023 dicabut", ("<2>",), MONDAY + DAY)
    }
    later = scored(MONDAY + DAY, repealed)
    alert = decided(TWO_POINT_THREE, later)[0]
    assert (alert.kind, alert.severity) == ("predicate_fell", "penting")
    assert (alert.before, alert.after) == ("Cukup (2,33)", "Kurang (1,73)")
    assert alert.cause == "I3 Singkat 3 3 ke 2 (keadaan berubah)"
    # The band is left by less than what is worth a line: that is one.
    tiny = decide(INSTRUMENT, TWO_POINT_THREE, later, (), (), Decimal("4"), JAKARTA)
    assert [a.kind for a in tiny] == ["predicate_fell", "level_fell"]
    # Within a band it is the index that fell.
    within = decided(TWO_POINT_THREE, dropped_to("1.73", "Cukup", later))
    assert [a.kind for a in within] == ["index_fell", "domain_fell", "level_fell"]


def test_a_predikat_that_is_lost_to_aged_evidence_is_no_fall() -> None:
    aged = scored(MONDAY + 60 * DAY, seen(MONDAY))
    alert = decided(scored(MONDAY + 20 * DAY, seen(MONDAY)), aged)[0]
    assert alert.kind == "evidence_stale"
    assert "(predikat Cukup menjadi Kurang)" in alert.line


# The path to the target --------------------------------------------------------------------------------------

TARGETS = {2025: Decimal("2.20"), 2026: Decimal("3.00"), 2027: Decimal("3.50")}


@pytest.mark.parametrize(
    ("day", "official", "due"),
    [
        (date(2025, 6, 1), None, None),  # before the first target nothing leads to it
        (date(2025, 12, 31), None, None),
        (date(2026, 1, 1), None, "2.20"),
        (date(2026, 12, 31), None, "3.00"),
        (date(2026, 7, 2), None, "2.60"),  # half of the year's 365 days, to two digits
        (date(2026, 1, 1), (2025, Decimal("2.60")), "2.60"),  # the official result is where one really stood
        (date(2026, 12, 31), (2025, Decimal("2.60")), "3.00"),
        (date(2026, 7, 2), (2025, Decimal("3.40")), "3.00"),  # never above the target itself
        (date(2026, 7, 2), (2024, Decimal("2.90")), "2.60"),  # the target of 2025 is later
        (date(2025, 12, 31), (2023, Decimal("1.20")), "2.20"),
        (date(2028, 5, 1), None, "3.50"),  # after the last target that one holds
    ],
)
def test_the_path_on_a_day(day: date, official: tuple[int, Decimal] | None, due: str | None) -> None:
    found = TargetPath(TARGETS, official).at(day)
    assert (None if found is None else f"{float(found):.2f}") == due


def test_an_index_below_its_path_is_told_with_the_distance_and_what_to_do() -> None:
    alert = told(TargetPath(TARGETS, (2025, Decimal("2.60"))))
    assert alert is not None
    assert alert.line == (
        "Indeks Kecil 2,33 di bawah jalur target: per 01-06-2026 seharusnya 2,77 (dari 2,60 pada akhir 2025 ke "
        "target 2026 3,00), kurang 0,44. Langkah termurah: pantau plan --target 3.00 --by 2026-12-31"
    )
    assert (alert.kind, alert.before, alert.after) == ("below_target_path", "2,77", "2,33")
    # The same event for as long as it lasts, and then a notice that it is over, once.
    later = scored(MONDAY + DAY, seen(MONDAY + DAY))
    same = told(TargetPath(TARGETS, (2025, Decimal("2.60")), alert.event_key), later)
    assert same is not None and same.event_key == alert.event_key
    back = told(TargetPath({2025: Decimal(1), 2026: Decimal("2.00")}, None, alert.event_key), later)
    assert back is not None and (back.kind, back.severity) == ("target_path_regained", "info")
    assert told(TargetPath({2025: Decimal(1), 2026: Decimal("2.00")}, None), later) is None
    anew = told(TargetPath(TARGETS, (2025, Decimal("2.60"))), later)
    assert anew is not None and anew.event_key != alert.event_key


def test_the_distance_is_that_of_the_figures_beside_it() -> None:
    alert = told(TargetPath({2025: Decimal("2.70"), 2026: Decimal("2.70")}, None))
    assert TWO_POINT_THREE.index.provisional == Fraction("2.325")
    assert alert is not None and "2,33 di bawah jalur target: per 01-06-2026 seharusnya 2,70 (" in alert.line
    assert "), kurang 0,37. " in alert.line


def test_an_index_just_below_its_path_is_not_worth_a_line() -> None:
    flat = {2025: Decimal("1"), 2024: Decimal("1")}
    due = TWO_POINT_THREE.index.provisional + Fraction("0.01")
    assert due == Fraction("2.335")
    assert told(TargetPath(flat | {2025: Decimal("2.334")}, None)) is None
    assert told(TargetPath(flat | {2025: Decimal("2.335")}, None)) is not None
    assert told(TargetPath({}, (2025, Decimal("4.66")))) is None


# Certificates ------------------------------------------------------------------------------------------------


def ending_in(left: timedelta) -> Alert | None:
    names = [("Portal", "Diskominfo")]
    return told(ExpiringCertificate(MONDAY + left, names, (14, 3)))


@pytest.mark.parametrize(
    ("left", "threshold", "severity"),
    [
        (timedelta(days=14, seconds=1), None, None),
        (timedelta(days=14), "14", "waspada"),
        (timedelta(days=3, seconds=1), "14", "waspada"),
        (timedelta(days=3), "3", "penting"),
        (timedelta(seconds=1), "3", "penting"),
        (timedelta(0), None, None),  # it is over: that is the service's fault, and told as such
    ],
)
def test_a_certificate_is_told_once_at_each_threshold(
    left: timedelta, threshold: str | None, severity: str | None
) -> None:
    alert = ending_in(left)
    assert (alert.event_key.rsplit(":", 1)[1] if alert else None) == threshold
    assert (alert.severity if alert else None) == severity


def test_a_certificate_names_its_services_and_its_end() -> None:
    names = [(f"Situs {n}", "Diskominfo") for n in range(1, 6)]
    alert = told(ExpiringCertificate(MONDAY + 11 * DAY, names, (14, 3)))
    assert alert is not None
    assert alert.line == (
        "Sertifikat TLS Situs 1 (Diskominfo), Situs 2 (Diskominfo), Situs 3 (Diskominfo) dan 2 layanan lain "
        "berakhir 12-06-2026 pukul 07.00 WIB, 11 hari lagi. Perbarui sebelum itu: sesudahnya peramban menolak "
        "halamannya dan layanan terhitung mati"
    )
    # Another service that shows it, or a day later: the same event. Another certificate: another one.
    fewer = told(ExpiringCertificate(MONDAY + 11 * DAY, names[:1], (14, 3)), scored(MONDAY + DAY, {}))
    other = told(ExpiringCertificate(MONDAY + 12 * DAY, names, (14, 3)))
    assert fewer is not None and fewer.event_key == alert.event_key
    assert other is not None and other.event_key != alert.event_key


# Batches that were refused -----------------------------------------------------------------------------------


def test_a_refused_batch_is_told_as_such_once_until_the_source_is_good_again() -> None:
    refused = FailedSource("jdih", "jumlah di bawah batas", MONDAY, MONDAY - DAY, "refused", True, False)
    (alert,) = decided(TWO_POINT_THREE, TWO_POINT_THREE, refused)
    assert alert.kind == "batch_quarantined"
    assert alert.line == (
        "Kiriman sumber jdih ditolak pada 01-06-2026 pukul 07.00 WIB (terakhir berhasil 31-05-2026 pukul 07.00 "
        "WIB): jumlah di bawah batas. Isinya disimpan di karantina; alasan tiap baris: pantau export karantina "
        "--format csv -o karantina. Bukti lama tetap dipakai sampai masa tenggang habis; ini bukan penurunan nilai"
    )
    (again,) = decided(TWO_POINT_THREE, TWO_POINT_THREE, replace(refused, failed_at=MONDAY + DAY))
    assert again.event_key == alert.event_key
    (anew,) = decided(TWO_POINT_THREE, TWO_POINT_THREE, replace(refused, last_ok_at=MONDAY))
    assert anew.event_key != alert.event_key
    (failed,) = decided(
        TWO_POINT_THREE, TWO_POINT_THREE, replace(refused, is_refused=False, message="no answer")
    )
    assert (failed.kind, failed.event_key == alert.event_key) == ("source_failed", False)
    assert "situs menolak sambungan" in failed.line
    # The gate's words are Indonesian; a parser's are not, and stay in the cause.
    login = replace(refused, message="the site asks to log in", is_unjudged=True)
    (unread,) = decided(TWO_POINT_THREE, TWO_POINT_THREE, login)
    assert "isinya tidak terbaca" in unread.line and unread.cause == "the site asks to log in"
    assert "asks" not in unread.line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("http_404", "halaman tidak ditemukan (HTTP 404)"),
        ("http_503", "situs sedang bermasalah (HTTP 503)"),
        ("http_418", "situs menolak permintaan (HTTP 418)"),
        ("timeout", "situs tidak menjawab lengkap sampai batas waktu"),
        ("baru", "technical words"),
        (None, "technical words"),
    ],
)
def test_a_failed_run_is_told_in_the_words_of_officers(error: str | None, words: str) -> None:
    assert failure_words(error, "technical words") == words


def test_every_class_of_error_that_collectors_raise_has_words() -> None:
    folder = Path(__file__).parents[1] / "collectors"
    raised = {
        kind
        for path in folder.glob("*.py")
        for kind in re.findall(r'FetchError\(\s*[^,"]+,\s*"(\w+)"', path.read_text(encoding="utf-8"))
    } | {*get_args(TlsFault), "killed"}
    assert len(raised) > 15
    assert {kind for kind in raised if failure_words(kind, "?") == "?"} == set()


@pytest.mark.e2e
def test_a_refused_batch_is_told_from_a_refused_connection_and_from_what_was_not_judged() -> None:
    names = ("judged", "unread", "closed")
    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a"}],
            "observation": [ran(s, MONDAY, is_ok=False) | {"entry_id": s, "error": "refused"} for s in names],
        }
    )
    connection.execute(
        "INSERT INTO ops.load BY NAME SELECT unnest(['judged', 'unread', 'closed']) AS entry_id, "
        "unnest(['refused', 'refused', 'failed']) AS outcome"
    )
    connection.execute("INSERT INTO ops.validation BY NAME SELECT 'judged' AS entry_id")
    build_models(connection, load_topics(), MONDAY, only=("institution_current", "source_seen"))
    found = {r["source"]: r for r in rows_of(connection, "failed_sources", {})}
    assert {s: (r["is_refused"], r["is_unjudged"]) for s, r in found.items()} == {
        "judged": (True, False),
        "unread": (True, True),
        "closed": (False, True),
    }


# What stands still -------------------------------------------------------------------------------------------


def test_a_silence_says_what_since_when_and_what_to_do() -> None:
    alert = told(Silence("listings", ("jdih",), True, MONDAY - 2 * DAY, MONDAY - 2 * DAY, 26 * HOUR))
    assert alert is not None
    assert (alert.kind, alert.severity) == ("pipeline_silent", "penting")
    assert alert.line == (
        "Pengumpulan peraturan (listings) berhenti: terakhir 30-05-2026 pukul 07.00 WIB, padahal batasnya "
        "26 jam. Periksa penjadwal dan worker-nya, lalu jalankan pantau collect --cadence listings. "
        "Ini bukan penurunan nilai"
    )
    one = told(Silence("registry", ("aplikasi",), False, None, MONDAY, timedelta(minutes=90)))
    assert one is not None and one.severity == "waspada"
    assert one.line.startswith(
        "Sumber aplikasi tidak dikumpulkan: belum pernah berjalan, padahal batasnya 90 menit."
    )
    assert "pantau collect --source aplikasi" in one.line


# What runs out -----------------------------------------------------------------------------------------------

RULESET = Ruleset(INSTRUMENT, RULES, (), PROBES, "aturan")
OWNERS = {c: RULES.rule(c).owner for c in CRITERIA}


def ends(left: timedelta, criterion: str, proven: str = "-0.1", provisional: str = "0") -> Expiry:
    number = str(int(criterion[1:3]))
    costs = Fraction(proven), Fraction(provisional)
    return Expiry(MONDAY + left, number, criterion, "stale", "atestasi", "", (), *costs)


def running_out(*expiries: Expiry, as_of: datetime = MONDAY) -> tuple[Alert, ...]:
    current = replace(TWO_POINT_THREE, as_of=as_of)
    return expiring_evidence(RULESET, current, expiries, 30, JAKARTA)


@pytest.mark.parametrize(("left", "is_told"), [(30 * DAY, True), (30 * DAY + HOUR, False)])
def test_evidence_is_told_as_many_days_before_as_the_file_says(left: timedelta, is_told: bool) -> None:
    assert bool(running_out(ends(left, "I01.2.a"))) is is_told


def test_evidence_that_runs_out_is_one_alert_per_office_and_month() -> None:
    (alert,) = running_out(
        ends(20 * DAY, "I01.2.a"), ends(25 * DAY, "I03.2.a", "-0.2", "-0.15"), ends(25 * DAY, "I03.3.a", "0")
    )
    assert alert.kind == "evidence_expiring" and alert.severity == "penting"
    assert alert.line == (
        f"{OWNERS['I01.2.a']}: bukti 2 kriteria kedaluwarsa mulai 21-06-2026 (20 hari lagi), I3 Singkat 3, "
        "I1 Singkat 1. Bila tidak diperbarui, sampai 26-06-2026 nilai terbukti turun 0,30 dan nilai sementara "
        "turun 0,15 (Indeks Kecil). Rinciannya: pantau forecast --until 2026-06-26"
    )
    # More of the same month, or a day later, is the same event; the month after is another one.
    (same,) = running_out(ends(20 * DAY, "I01.2.a"), ends(21 * DAY, "I03.2.a"), as_of=MONDAY + DAY)
    assert same.event_key == alert.event_key
    july = running_out(ends(29 * DAY, "I01.2.a"), ends(30 * DAY, "I03.2.a"))
    assert [a.event_key.split(":")[3] for a in july] == ["2026-06", "2026-07"]


def test_what_costs_nothing_or_is_a_fact_is_not_told() -> None:
    assert running_out(ends(5 * DAY, "I01.2.a", "0")) == ()
    assert running_out(replace(ends(5 * DAY, "I01.2.a"), event="fact")) == ()


# From the warehouse ------------------------------------------------------------------------------------------


def facts(rows: Mapping[str, Sequence[Mapping[str, Any]]], as_of: datetime, **settings: Any) -> list[Watched]:
    settings = {
        "services_cadence": "services",
        "tls_days": [14, 3],
        "silent_services": 2 * HOUR,
        "silent_listings": 26 * HOUR,
        "silent_registry": 26 * HOUR,
    } | settings
    kota = {"institution": "kota-a", **settings}
    connection = warehouse_with({"institution": [kota], **rows})
    build_models(connection, load_topics(), as_of)
    return list(watched(connection, as_of).get("kota-a", ()))


def source(name: str, cadence: str) -> dict[str, Any]:
    named_at = datetime(2026, 5, 1, tzinfo=UTC)
    return {"institution": "kota-a", "source": name, "cadence": cadence, "valid_from": named_at}


def ran(name: str, at: datetime, is_ok: bool = True) -> dict[str, Any]:
    return {"institution": "kota-a", "source": name, "observed_at": at, "is_ok": is_ok}


@pytest.mark.e2e
def test_a_cadence_stands_still_when_none_of_its_sources_ran() -> None:
    two = [source("jdih", "listings"), source("jdih-dprd", "listings")]
    runs = [ran("jdih", MONDAY - 26 * HOUR), ran("jdih-dprd", MONDAY - 30 * HOUR, is_ok=False)]
    rows = {"source": two, "observation": runs}
    # A run that failed is a run; exactly the time allowed is not too long.
    assert facts(rows, MONDAY) == [
        Silence("listings", ["jdih-dprd"], False, MONDAY - 30 * HOUR, MONDAY - 30 * HOUR, 26 * HOUR)
    ]
    (whole,) = facts(rows, MONDAY + HOUR)
    assert isinstance(whole, Silence)
    assert (whole.is_whole, whole.sources, whole.since) == (True, ["jdih", "jdih-dprd"], MONDAY - 26 * HOUR)
    # A source that was named and never ran begins no other silence; one that runs again ends it.
    (same,) = facts({**rows, "source": [*two, source("baru", "listings")]}, MONDAY + HOUR)
    assert isinstance(same, Silence) and same.since == whole.since
    assert (
        facts({**rows, "observation": [ran("jdih", MONDAY), ran("jdih-dprd", MONDAY)]}, MONDAY + HOUR) == []
    )
    assert facts({"observation": runs}, MONDAY + HOUR) == []


@pytest.mark.e2e
def test_services_are_one_source_at_the_cadence_of_the_file() -> None:
    rows = {
        "service": [{"institution": "kota-a", "service_id": "portal", "name": "Portal"}],
        "observation": [ran("layanan", MONDAY)],
    }
    assert facts(rows, MONDAY + 2 * HOUR) == []
    (found,) = facts(rows, MONDAY + 3 * HOUR)
    assert isinstance(found, Silence) and (found.cadence, found.is_whole) == ("services", True)
    assert facts(rows, MONDAY + 3 * HOUR, services_cadence="listings") == []


@pytest.mark.e2e
def test_services_that_show_one_certificate_are_told_together() -> None:
    def check(service: str, left: timedelta, **more: Any) -> dict[str, Any]:
        return {
            "institution": "kota-a",
            "service_id": service,
            "url": "https://kota-a.go.id",
            "checked_at": MONDAY - HOUR,
            "is_up": True,
            "cert_expires_at": MONDAY + left,
            **more,
        }

    names = ("portal", "jdih", "lama", "rusak")
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "service": [{"institution": "kota-a", "service_id": s, "name": s.title()} for s in names],
        "agency": [
            {
                "institution": "kota-a",
                "agency": "diskominfo",
                "name": "Dinas Komunikasi",
                "valid_from": MONDAY - 9 * DAY,
            }
        ],
        "observation": [ran("layanan", MONDAY - HOUR)],
        "uptime_check": [
            check("portal", 14 * DAY),
            check("jdih", 14 * DAY),
            check("lama", 14 * DAY + HOUR),
            check("rusak", 2 * DAY, tls_ok=False, is_up=False, error_class="tls_wrong_host", attempts=2),
            check("portal", 1 * DAY, checked_at=MONDAY - 2 * HOUR),  # renewed since
        ],
    }
    (found,) = facts(rows, MONDAY)
    assert found == ExpiringCertificate(
        MONDAY + 14 * DAY, [("Jdih", "Dinas Komunikasi"), ("Portal", "Dinas Komunikasi")], [14, 3]
    )


@pytest.mark.e2e
def test_the_path_begins_at_the_latest_official_result_that_was_decided() -> None:
    known = {"institution": "kota-a", "valid_from": MONDAY - 200 * DAY}
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "target": [{**known, "year": 2026, "target": Decimal("3.00")}],
        "official_result": [
            {**known, "instrument": instrument, "year": year, "index_value": Decimal(index), "decided_on": on}
            for instrument, year, index, on in (
                ("spbe-2020", 2023, "2.10", date(2024, 1, 1)),
                ("spbe-2020", 2024, "2.60", date(2026, 6, 1)),
                ("pemdi-2026", 2025, "1.10", date(2026, 1, 1)),
            )
        ],
    }
    # 1 June begins at 17.00 UTC of the day before.
    assert facts(rows, MONDAY - 8 * HOUR) == [
        TargetPath({2026: Decimal("3.00")}, (2023, Decimal("2.10")), None)
    ]
    assert facts(rows, MONDAY - 7 * HOUR) == [
        TargetPath({2026: Decimal("3.00")}, (2024, Decimal("2.60")), None)
    ]
