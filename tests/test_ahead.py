"""What the page says of the time to come, and why a level moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dashboard.ahead import ahead
from dashboard.page import render
from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from transforms.forecast_views import ExpiryView, ForecastView, PointView
from transforms.instrument import load_instrument
from transforms.views import BandView, NormView, PageView
from warehouse import read
from warehouse.connection import reading
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

START = datetime(2026, 11, 24, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> PageView:
    folder = tmp_path_factory.mktemp("ahead")
    page_fixture.fill(folder / "w.duckdb", load_instrument("spbe-2020"), hostile=None)
    path = publish(folder / "w.duckdb", folder / "p.duckdb", now=NOW).path
    with reading(path) as connection:
        return read.page_view(connection, INSTITUTION)


def section(view: PageView, name: str) -> str:
    return render(view).split(f'<section id="{name}"')[1].split("</section>")[0]


def point(scenario: str, days: int, proven: str, provisional: str) -> PointView:
    at = START + timedelta(days=days)
    return PointView(scenario, at.date(), at, Decimal(proven), Decimal(provisional), Decimal("4.5"), "Baik")


def expiry(days: int, owner: str, criterion: str, proven: str, provisional: str = "0") -> ExpiryView:
    at = START + timedelta(days=days)
    return ExpiryView(
        "sources_run", at.date(), at, days, owner, "10", "Tim", criterion, "bukti tidak segar lagi", "stale",
        "atestasi", "Sekda menyatakan", Decimal(proven), Decimal(provisional),
    )  # fmt: skip


NORM = NormView("x", "X", "X", "uji", None, None, (BandView("Kurang", Decimal(1), Decimal(5)),))
FORECAST = ForecastView(
    START,
    None,
    (
        point("sources_run", 0, "2.0", "3.0"),
        point("sources_run", 73, "1.5", "3.0"),
        point("sources_run", 146, "1.5", "2.0"),
        point("sources_run", 500, "1.0", "1.0"),
        point("all_stops", 0, "2.0", "3.0"),
        point("all_stops", 30, "1.0", "1.25"),
    ),
    (
        expiry(73, "Bappeda", "I10.3.a", "-0.2"),
        expiry(73, "Bappeda", "I10.3.b", "-0.2"),
        expiry(80, "Diskominfo", "I11.2.a", "-0.1"),
        expiry(146, "Bappeda", "I10.3.a", "0", "-1"),
        expiry(500, "Inspektorat", "I39.2.a", "-0.5", "-1"),
    ),
)


def test_a_year_by_owner_with_what_it_costs() -> None:
    found = ahead(FORECAST, NORM, None, START.date())
    assert found is not None
    rows = [(r.owner, r.days_left, r.what, r.count, r.proven, r.provisional) for r in found.rows]
    assert rows == [
        ("Bappeda", 73, "I10.3.a, I10.3.b", 2, Decimal("-0.4"), Decimal(-1)),
        ("Diskominfo", 80, "I11.2.a", 1, Decimal("-0.1"), Decimal(0)),
    ]
    assert (found.first.provisional, found.last.provisional) == (Decimal(3), Decimal(2))
    assert found.stopped.provisional == Decimal("1.25")


def test_many_of_one_day_are_counted_and_three_are_named() -> None:
    many = tuple(expiry(3, "Bappeda", f"I10.3.{letter}", "-0.1") for letter in "abcde")
    found = ahead(replace(FORECAST, expiries=many), NORM, None, START.date())
    assert found is not None
    assert [row.what for row in found.rows] == ["I10.3.a, I10.3.b, I10.3.c dan 2 lagi"]


def test_lines_are_steps_over_the_year_and_end_with_it() -> None:
    found = ahead(FORECAST, NORM, None, START.date())
    assert found is not None
    xs = [float(place.split(",")[0]) for place in found.drawing.provisional.split()]
    assert xs == [0, 200, 200, 400, 400, 1000]
    ys = [float(place.split(",")[1]) for place in found.drawing.provisional.split()]
    assert ys[0] == ys[3] < ys[4] == ys[5]
    assert [dot.text for dot in found.drawing.dots] == ["2,00"]
    assert [end.text for end in found.drawing.ends] == [
        "sementara 2,00",
        "terbukti 1,50",
        "bila berhenti 1,25",
    ]
    assert (found.drawing.first, found.drawing.last) == ("24 Nov 2026", "24 Nov 2027")


def test_what_expires_on_the_day_itself_is_due_today(view: PageView) -> None:
    assert view.forecast is not None
    today = tuple(replace(expiry, days_left=0) for expiry in view.forecast.expiries)
    said = section(replace(view, forecast=replace(view.forecast, expiries=today)), "prakiraan")
    assert ">hari ini<" in said
    assert "0 hari lagi" not in said


def test_the_page_says_who_has_to_renew_what_by_when(view: PageView) -> None:
    said = section(view, "prakiraan")
    assert "Dinas Komunikasi dan Informatika" in said
    assert "20 hari lagi" in said
    assert "bukti tidak segar lagi: I10.3.a" in said
    assert said.count("\u22120,100") == 2
    assert 'class="line ahead of-provisional"' in said
    assert "bila pemantauan pun berhenti" in said.lower()


def test_without_a_forecast_the_page_has_no_such_section(view: PageView) -> None:
    page = render(replace(view, forecast=None))
    assert "prakiraan" not in page.split("<body>")[1].lower()
    assert ahead(None, NORM, None, date(2026, 1, 1)) is None


def test_a_changed_level_names_its_criterion_and_cause(view: PageView) -> None:
    (change,) = view.changes
    assert sum(part.contribution for part in change.causes) == change.contribution
    said = section(view, "perubahan")
    assert "karena keadaan berubah pada <b>I05.2.a</b>: Perwali 12/2021 dicabut" in said
    assert "Aturan penilaian berubah" not in said


def test_what_the_rules_moved_is_told_apart(view: PageView) -> None:
    said = section(replace(view, rules_moved=Decimal("-0.25")), "perubahan")
    assert "Aturan penilaian berubah" in said
    assert "bergeser \u22120,250" in said
