"""`pantau plan` over a published copy: what it prints, its one JSON document, its exit codes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.places import Places
from tests import page_fixture
from transforms.instrument import load_instrument
from transforms.plan_search import PlanError
from warehouse.publish import publish
from warehouse.read import ReadError

pytestmark = pytest.mark.e2e

INSTRUMENT = load_instrument("spbe-2020")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the copy of the made-up institution."""
    places = Places(tmp_path_factory.mktemp("rencana"))
    page_fixture.fill(places.warehouse, INSTRUMENT)
    publish(places.warehouse, places.published, now=page_fixture.NOW)
    return places.root


def plan(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plan", "--data-dir", str(data), *words])


def test_the_document_holds_all_that_a_plan_rests_on(data: Path) -> None:
    result = plan(data, "--target", "3.4", "--by", "2028-06-30", "--alternatives", "1", "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert (document["institution"], document["instrument"]) == (page_fixture.INSTITUTION, "spbe-2020")
    assert document["reached"] is True
    assert document["assumptions"]["criterion_costs"]["4"] == "20"
    first, second = document["plans"]
    gained = sum(Fraction(rise["contribution"]) for rise in first["rises"])
    assert Fraction(document["index"]) + gained == Fraction(first["index"]) >= Fraction("3.4")
    assert Fraction(first["cost"]) <= Fraction(second["cost"])
    assert {r["indicator"] for r in first["rises"]} != {r["indicator"] for r in second["rises"]}
    weights = {i.number: i.weight for i in INSTRUMENT.indicators}
    for rise in first["rises"]:
        worth = Fraction(weights[rise["indicator"]]) * (Fraction(rise["after"]) - Fraction(rise["before"]))
        assert Fraction(rise["contribution"]) == worth / 100
    for step in first["steps"]:
        assert step["owners"]
        assert step["missing"]
        assert all(missing["remedy"] and missing["owner"] for missing in step["missing"])
        assert "2026-11-24" <= step["starts"] < step["ends"] <= "2028-06-30"


def test_what_is_printed_says_who_does_what_until_when(data: Path) -> None:
    result = plan(data, "--target", "3,4", "--by", "2028-06-30")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "target 3,4," in said
    assert "Rencana termurah: biaya" in said
    assert "Dinas Komunikasi dan Informatika: Serahkan pernyataan bertanda tangan" in said
    assert "Alternatif 2: biaya" in said
    assert "bukan bagian dari peraturan" in said


def test_a_target_out_of_reach_is_said_and_is_a_failure(data: Path) -> None:
    result = plan(data, "--target", "4.9", "--by", "2027-03-01")
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert "Target 4,9 tidak dapat dicapai sampai 1 Mar 2027" in said
    assert "Paling jauh yang dapat dicapai: biaya" in said
    document = json.loads(plan(data, "--target", "4.9", "--by", "2027-03-01", "--json").stdout)
    assert (document["reached"], document["plans"]) == (False, [])
    assert Fraction(document["index"]) < Fraction(document["most_reachable"]["index"]) < Fraction("4.9")
    assert document["too_late"]


def test_a_target_reached_already_asks_for_nothing(data: Path) -> None:
    result = plan(data, "--target", "1.5", "--by", "2027-03-01")
    assert result.exit_code == 0
    assert "Target sudah tercapai" in result.stdout


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--target", "x", "--by", "2027-01-01"), PlanError, "--target 'x' is not a number"),
        (("--target", "4", "--by", "akhir tahun"), PlanError, "--by 'akhir tahun' is not a date"),
        (("--target", "7", "--by", "2028-01-01"), PlanError, "target 7 is not between 1 and 5"),
        (
            ("--target", "4", "--by", "2028-01-01", "--instrument", "lain"),
            ReadError,
            "no score under 'lain'; there is: spbe-2020",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(
    data: Path, words: tuple[str, ...], error: type[Exception], message: str
) -> None:
    result = plan(data, *words)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
