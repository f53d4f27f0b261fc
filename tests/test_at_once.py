"""What scoring asks of many institutions at once, or keeps from date to date, is what each says by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.test_alerts import scored, seen
from tests.warehouse_rows import warehouse_with
from transforms.attribution import Scored
from transforms.overlap import Comparison
from warehouse.application_rows import Comparisons
from warehouse.change_rows import failing_evidence

BEGIN = datetime.fromisoformat("2026-03-02T01:00:00+00:00")
DAY = timedelta(days=1)
PLACES = {"kota-a": "Kota A", "kota-b": "Kota B"}


def application(institution: str, name: str, **more: Any) -> dict[str, Any]:
    row = {"institution": institution, "application_key": name.lower(), "name": name, "agency": name[-1]}
    return row | {"description": "Kehadiran pegawai dan rekap absen bulanan"} | more


def test_comparisons_that_are_kept_are_those_of_each_date_by_itself() -> None:
    connection = warehouse_with(
        {
            "application": [
                application("kota-a", "Hadir A"),
                application("kota-a", "Absensi B", valid_from=BEGIN + 1.5 * DAY),
                application("kota-a", "Presensi C", valid_to=BEGIN + 3.5 * DAY),
                application("kota-b", "Hadir A"),
                application("kota-b", "Absensi B"),
            ]
        }
    )
    kept = Comparisons()
    pairs = []
    # Back, too: a date before is scored again where the rules are other ones.
    for day in (0, 1, 2, 3, 4, 5, 1, 4):
        places = PLACES | {"kota-b": "Kota Absensi"} if day == 5 else PLACES
        kept.stand(connection, places, BEGIN + day * DAY)
        alone = Comparisons()
        alone.stand(connection, places, BEGIN + day * DAY)
        assert kept.found == alone.found, day
        pairs.append(len(kept.found["kota-a"][1].overlaps))
    assert pairs == [1, 1, 3, 3, 1, 1, 1, 1]
    kept.stand(connection, {"kota-c": "Kota C"}, BEGIN)
    assert kept.found["kota-c"] == ("Kota C", Comparison((), ()))


def test_evidence_of_sources_that_failed_is_found_of_each_institution_by_itself() -> None:
    runs = [("kota-a", "jdih", 0, True), ("kota-a", "jdih", 1, False), ("kota-a", "registri", 1, True)]
    runs += [("kota-b", "jdih", 1, False), ("kota-b", "jdih", 3, True)]
    connection = warehouse_with(
        {
            "observation": [
                {"institution": name, "source": source, "observed_at": BEGIN + day * DAY, "is_ok": is_ok}
                for name, source, day, is_ok in runs
            ],
            "capture": [
                {"institution": institution, "source": source, "capture_id": capture}
                for institution, source, capture in (
                    ("kota-a", "jdih", "c1"),
                    ("kota-a", "registri", "c2"),
                    ("kota-b", "jdih", "c1"),
                    ("kota-b", "jdih", "c3"),
                )
            ],
        }
    )
    known = scored(BEGIN, seen(BEGIN))
    criterion, finding = next((c, f) for c, f in known.findings.items() if f.evidence_ids)

    def holding(institution: str, state: Literal["met", "stale"], *evidence: str) -> Scored:
        held = finding._replace(state=state, evidence_ids=evidence)
        return replace(known, institution=institution, findings={criterion: held})

    scores = [
        holding("kota-a", "stale", "c1", "c2", "c3"),
        holding("kota-b", "stale", "c1", "c2"),
        holding("kota-c", "stale", "c1"),
    ]
    expected = {"kota-a": {"c1"}, "kota-b": {"c1"}, "kota-c": set()}
    assert failing_evidence(connection, scores, BEGIN + 2 * DAY) == expected
    for one in scores:
        own = {one.institution: expected[one.institution]}
        assert failing_evidence(connection, [one], BEGIN + 2 * DAY) == own
    assert failing_evidence(connection, scores, BEGIN + 3 * DAY) == expected | {"kota-b": set()}
    assert failing_evidence(connection, scores, BEGIN) == {name: set() for name in expected}
    met = holding("kota-a", "met", "c1")
    assert failing_evidence(connection, [met], BEGIN + 2 * DAY) == {"kota-a": set()}
