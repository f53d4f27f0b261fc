"""What becomes a line, and what must never read as a fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.small_instrument import CRITERIA, INSTRUMENT, PROBES, RULES, doubt, proof
from tests.test_scoring import FRESHNESS
from transforms.alert import Alert
from transforms.alerts import (
    ChangedService,
    CompromisedService,
    DownService,
    FailedSource,
    LateApplication,
    decide,
)
from transforms.attribution import Scored
from transforms.finding import Answer, Attested
from transforms.index import aggregates
from transforms.instrument import ProbeCall
from transforms.levels import levels
from transforms.scoring import judge

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
JAKARTA = ZoneInfo("Asia/Jakarta")


def scored(
    as_of: datetime,
    answers: Mapping[ProbeCall, Answer],
    attested: tuple[Attested, ...] = (),
    official: Mapping[str, int] | None = None,
) -> Scored:
    found = judge(RULES, INSTRUMENT, PROBES, answers, attested, FRESHNESS, as_of)
    rows = levels(INSTRUMENT, found, official or {})
    return Scored(
        f"skor-{as_of:%m%d}",
        "kota-contoh",
        "aturan-1",
        as_of,
        {f.criterion: f for f in found},
        {r.indicator: r for r in rows},
        aggregates(INSTRUMENT, rows),
    )


def seen(at: datetime) -> dict[ProbeCall, Answer]:
    return {
        proof(c): Answer(True, f"Perwal untuk {c} berlaku", ("<1>",), at)
        for c in CRITERIA
        if c.startswith(("I01.2", "I03.2", "I03.3"))
    }


def decided(
    previous: Scored | None, current: Scored, *facts: FailedSource | DownService
) -> tuple[Alert, ...]:
    return decide(
        INSTRUMENT,
        previous,
        current,
        [f for f in facts if isinstance(f, FailedSource)],
        [f for f in facts if isinstance(f, DownService)],
        Decimal("0.01"),
        JAKARTA,
    )


def test_a_first_score_and_an_unchanged_one_are_silent() -> None:
    first = scored(MONDAY, seen(MONDAY))
    assert decided(None, first) == ()
    assert decided(first, scored(MONDAY + DAY, seen(MONDAY + DAY))) == ()


def test_a_fall_names_index_domain_and_indicator_with_from_to_and_cause() -> None:
    before = scored(MONDAY, seen(MONDAY))
    repealed = seen(MONDAY + DAY) | {
        proof("I03.3.a"): Answer(False, "Perwal 5/2023 dicabut", ("<2>",), MONDAY + DAY)
    }
    alerts = decided(before, scored(MONDAY + DAY, repealed))
    assert [a.kind for a in alerts] == ["predicate_fell", "domain_fell", "level_fell"]
    assert [(a.before, a.after) for a in alerts] == [
        ("Cukup (2,33)", "Kurang (1,73)"),
        ("3,00", "2,00"),
        ("3", "2"),
    ]
    assert alerts[0].line == (
        "Predikat turun dari Cukup ke Kurang, Indeks Kecil turun dari 2,33 ke 1,73: "
        "I3 Singkat 3 3 ke 2 (keadaan berubah)"
    )
    assert alerts[2].line == (
        "Indikator 3 Singkat 3 turun dari tingkat 3 ke 2: keadaan berubah, I03.3.a: Perwal 5/2023 dicabut"
    )


def test_evidence_that_ran_out_is_stale_and_not_a_fall() -> None:
    before = scored(MONDAY, seen(MONDAY))
    in_grace = scored(MONDAY + 20 * DAY, seen(MONDAY))
    assert decided(before, in_grace) == ()
    after = scored(MONDAY + 60 * DAY, seen(MONDAY))
    alerts = decided(in_grace, after, FailedSource("jdih", "halaman blokir", MONDAY + 60 * DAY, MONDAY))
    assert {a.kind for a in alerts} == {"evidence_stale", "source_failed"}
    assert all("turun" not in a.line for a in alerts)


def test_a_fall_with_one_cause_in_the_world_does_not_put_the_rest_down_to_it() -> None:
    before = scored(MONDAY, seen(MONDAY))
    repealed = Answer(False, "Perwal 5/2023 dicabut", ("<2>",), MONDAY + 60 * DAY)
    aged = scored(MONDAY + 60 * DAY, seen(MONDAY) | {proof("I01.2.a"): repealed})
    index = decided(before, aged)[0]
    assert index.line == (
        "Predikat turun dari Cukup ke Kurang, Indeks Kecil turun dari 2,33 ke 1,00: "
        "I1 Singkat 1 2 ke 1 (keadaan berubah); "
        "bukan karena keadaan: I3 Singkat 3 3 ke 1 (bukti kedaluwarsa)"
    )


def test_a_probe_that_broke_is_not_told_as_expired_evidence() -> None:
    before = scored(MONDAY, seen(MONDAY))
    broken = seen(MONDAY + DAY) | {proof("I03.3.a"): Answer(None, "", error="tabel tidak ada")}
    index = decided(before, scored(MONDAY + DAY, broken))[0]
    assert index.kind == "evidence_stale"
    assert "kedaluwarsa" not in index.line
    assert "tanpa perubahan keadaan: I3 Singkat 3 3 ke 2 (pemeriksaan gagal dijalankan)" in index.line


def test_a_failed_source_says_when_it_last_worked_and_that_it_is_no_fall() -> None:
    current = scored(MONDAY, seen(MONDAY))
    (alert,) = decided(current, current, FailedSource("jdih", "halaman blokir", MONDAY, MONDAY - DAY))
    assert alert.line == (
        "Sumber jdih gagal pada 01-06-2026 pukul 07.00 WIB (terakhir berhasil 31-05-2026 pukul 07.00 WIB): halaman blokir. "
        "Bukti lama tetap dipakai sampai masa tenggang habis; ini bukan penurunan nilai"
    )
    (later,) = decided(current, current, FailedSource("jdih", "masih", MONDAY + DAY, MONDAY - DAY))
    assert later.event_key == alert.event_key
    (again,) = decided(current, current, FailedSource("jdih", "lagi", MONDAY + 3 * DAY, MONDAY + 2 * DAY))
    assert again.event_key != alert.event_key


def test_a_down_service_is_one_event_for_as_long_as_it_is_down() -> None:
    current = scored(MONDAY, {})
    down = DownService("aduan", "Pengaduan", "Diskominfo", MONDAY, "http_503")
    (alert,) = decided(None, current, down)
    assert alert.line == "Layanan Pengaduan (Diskominfo) mati sejak 01-06-2026 pukul 07.00 WIB: http_503"
    assert (alert.before, alert.after, alert.cause) == ("hidup", "mati", "http_503")
    (same,) = decided(None, scored(MONDAY + DAY, {}), down)
    assert same.event_key == alert.event_key


def test_scores_of_different_rulesets_are_never_compared() -> None:
    before = scored(MONDAY, seen(MONDAY))
    after = replace(scored(MONDAY + DAY, {}), ruleset_hash="aturan-2")
    assert decided(before, after) == ()


def test_a_withdrawn_attestation_is_told_from_a_changed_world() -> None:
    def statement(kind: str, at: datetime) -> Attested:
        return Attested("I03.2", kind, "Sekda", at, at + 300 * DAY, f"Sekda: {kind}", ("<3>",))  # type: ignore[arg-type]

    before = scored(MONDAY, {}, (statement("terpenuhi", MONDAY - 9 * DAY),))
    after = scored(MONDAY + DAY, {}, (statement("terpenuhi", MONDAY - 9 * DAY), statement("dicabut", MONDAY)))
    alert = decided(before, after)[-1]
    assert (alert.kind, alert.before, alert.after) == ("level_fell", "2", "1")
    assert alert.cause.startswith("atestasi berubah, I03.2.a: Sekda: dicabut")


def test_a_refutation_that_only_caps_the_official_level_is_explained_too() -> None:
    before = scored(MONDAY, {}, official={"1": 4})
    after = scored(
        MONDAY + DAY,
        {doubt("I01.3.b"): Answer(True, "TLS kedaluwarsa", ("<4>",), MONDAY + DAY)},
        official={"1": 4},
    )
    alert = decided(before, after)[-1]
    assert (alert.before, alert.after) == ("4", "2")
    assert alert.cause == "keadaan berubah, I01.3.b: TLS kedaluwarsa"


def test_a_page_taken_over_is_told_once_with_its_quote() -> None:
    current = scored(MONDAY, seen(MONDAY))

    def line(since: datetime, evidence: str) -> Alert:
        taken = CompromisedService("portal", "Portal", "Diskominfo", since, evidence)
        (alert,) = decide(
            INSTRUMENT, current, current, [], [], Decimal("0.01"), JAKARTA, compromised_services=[taken]
        )
        return alert

    told = line(MONDAY, "judul: “slot gacor”")
    assert (told.kind, told.severity, told.after) == ("service_compromised", "penting", "disusupi")
    assert told.line == (
        "Halaman layanan Portal (Diskominfo) disusupi iklan judi sejak 01-06-2026 pukul 07.00 WIB: judul: “slot gacor”"
    )
    assert line(MONDAY, "tautan keluar: “togel”").event_key == told.event_key
    assert line(MONDAY + DAY, "judul: “slot gacor”").event_key != told.event_key


def test_a_replaced_page_is_an_alarm_and_a_changed_one_a_question() -> None:
    current = scored(MONDAY, seen(MONDAY))

    def told(is_replaced: bool) -> Alert:
        changed = ChangedService(
            "portal", "Portal", "Diskominfo", MONDAY, is_replaced, "judul “A” menjadi “B”"
        )
        (alert,) = decide(
            INSTRUMENT, current, current, [], [], Decimal("0.01"), JAKARTA, changed_services=[changed]
        )
        return alert

    replaced, changed = told(True), told(False)
    assert (replaced.kind, replaced.severity) == ("service_replaced", "penting")
    assert (changed.kind, changed.severity) == ("service_changed", "waspada")
    assert changed.line == (
        "Halaman layanan Portal (Diskominfo) berubah mendadak, perlu diperiksa, setelah 01-06-2026 pukul 07.00 WIB: "
        "judul “A” menjadi “B”"
    )
    assert "diganti mendadak setelah" in replaced.line
    assert replaced.event_key != changed.event_key


def test_applications_after_the_moratorium_are_one_line_that_is_new_only_when_one_is_added() -> None:
    first = scored(MONDAY, seen(MONDAY))

    def line(*known: tuple[str, int]) -> Alert:
        late = [
            LateApplication(name, "Dinas A" if day else None, MONDAY.date(), MONDAY + day * DAY)
            for name, day in known
        ]
        (alert,) = decide(INSTRUMENT, first, first, [], [], Decimal("0.01"), JAKARTA, late)
        return alert

    four = line(("A", 0), ("B", 1), ("C", 2), ("D", 3))
    assert four.kind == "application_after_moratorium"
    assert four.line == (
        "4 aplikasi mulai atau pertama tercatat sejak moratorium 01-06-2026: "
        "D (Dinas A), C (Dinas A), B (Dinas A) dan 1 lainnya"
    )
    assert line(("A", 0)).line.endswith("01-06-2026: A (perangkat daerah tidak disebut)")
    # One that is retired makes no new message, one that is added does.
    assert line(("A", 0), ("D", 3)).event_key == four.event_key
    assert line(("A", 0), ("E", 4)).event_key != four.event_key
