"""What the page and the command line read of a published copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from transforms.index import aggregates, rounded
from transforms.instrument import load_instrument
from transforms.levels import levels as levels_of
from warehouse import read
from warehouse.connection import append, reading, writing
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

INSTRUMENT = load_instrument("spbe-2020")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy published from the made-up institution's warehouse."""
    folder = tmp_path_factory.mktemp("read")
    page_fixture.fill(folder / "warehouse.duckdb", INSTRUMENT)
    return publish(folder / "warehouse.duckdb", folder / "pantau.duckdb", now=NOW).path


@pytest.fixture
def copy(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader of that copy."""
    with reading(published) as connection:
        yield connection


def test_the_index_is_read_to_the_last_digit(copy: duckdb.DuckDBPyConnection) -> None:
    found = page_fixture.findings_at(INSTRUMENT, NOW, is_last=True)
    levels = levels_of(INSTRUMENT, found, page_fixture.official_levels(INSTRUMENT))
    index = aggregates(INSTRUMENT, levels)[0]
    view = read.index_view(copy)
    assert (Fraction(view.proven), Fraction(view.provisional), Fraction(view.possible)) == (
        index.proven,
        index.provisional,
        index.possible,
    )
    assert (view.institution, view.name, view.as_of) == (INSTITUTION, "Kota Contoh", NOW)
    assert view.predikat == index.predikat
    assert view.target_gap == rounded(index.provisional) - Decimal("3.40")
    assert view.previous_as_of == NOW - timedelta(days=1)


def test_an_indicator_comes_with_its_criteria_and_their_evidence(copy: duckdb.DuckDBPyConnection) -> None:
    view = read.indicator_view(copy, INSTITUTION, "5")
    norm = INSTRUMENT.indicator("5")
    assert (view.short_name, view.weight, view.provisional) == (norm.short_name, norm.weight, 1)
    assert [c.criterion for c in view.criteria] == [c.id for c in norm.criteria]
    refuted = next(c for c in view.criteria if c.criterion == "I05.2.a")
    assert (refuted.state, refuted.state_name, refuted.counts) == ("not_met", "tidak terpenuhi", False)
    assert [evidence.source for evidence in refuted.evidence] == ["jdih-kota"]
    assert refuted.evidence[0].captured_at == NOW - timedelta(hours=3)


def test_stale_evidence_in_its_grace_period_counts(copy: duckdb.DuckDBPyConnection) -> None:
    view = read.indicator_view(copy, None, "35")
    carried = next(c for c in view.criteria if c.criterion == page_fixture.STALE)
    assert (carried.state_name, carried.is_carried, carried.counts) == ("basi", True, True)


def test_all_indicators_read_at_once_are_those_read_one_by_one(copy: duckdb.DuckDBPyConnection) -> None:
    together = read.indicators(copy, read.index_view(copy))
    assert len(together) == 47
    assert together[12] == read.indicator_view(copy, None, "13")


def test_aspects_follow_their_domain(copy: duckdb.DuckDBPyConnection) -> None:
    found = read.aggregates(copy, read.index_view(copy))
    assert [f"{view.scope[0]}{view.code}" for view in found] == (
        ["d1", "a1", "d2", "a2", "a3", "a4", "d3", "a5", "a6", "d4", "a7", "a8"]
    )


def test_the_weakest_are_the_lowest_then_the_heaviest(copy: duckdb.DuckDBPyConnection) -> None:
    everything = read.indicators(copy, read.index_view(copy))
    found = read.weakest(everything, 5)
    assert found[0].number == page_fixture.FALLEN
    keys = [(view.provisional, -view.weight) for view in found]
    assert keys == sorted(keys)
    others = [view for view in everything if view not in found and view.provisional < 5]
    assert all((view.provisional, -view.weight) >= keys[-1] for view in others)


def test_the_page_has_everything_in_order(copy: duckdb.DuckDBPyConnection) -> None:
    view = read.page_view(copy, INSTITUTION)
    assert [band.predikat for band in view.norm.bands] == [
        "Kurang",
        "Cukup",
        "Baik",
        "Sangat Baik",
        "Memuaskan",
    ]
    assert len(view.trend) == page_fixture.DAYS
    assert [point.day for point in view.trend] == sorted(point.day for point in view.trend)
    assert [alert.severity for alert in view.alerts] == ["penting", "waspada", "waspada"]
    assert sum(change.contribution for change in view.changes) == (
        view.index.provisional - (view.index.previous_provisional or 0)
    )
    assert (len(view.services), len(view.sources), len(view.official)) == (6, 6, 5)


def test_while_all_scored_dates_are_of_one_day_the_trend_shows_each(tmp_path: Path) -> None:
    with writing(tmp_path / "warehouse.duckdb", NOW) as connection:
        for hours in (2, 1, 0):
            at = NOW - timedelta(hours=hours)
            run = {"instrument": "spbe-2020", "ruleset_hash": "a", "as_of": at, "scored_at": at}
            append(connection, "score.run", [run], score_id=str(hours), institution="kota-a")
            numbers = dict.fromkeys(("proven", "provisional", "possible"), Decimal(3 - hours))
            total = {"scope": "index", **numbers, "coverage": Decimal(0)}
            append(connection, "score.aggregate", [total], score_id=str(hours), institution="kota-a")
    path = publish(tmp_path / "warehouse.duckdb", tmp_path / "pantau.duckdb", now=NOW).path
    with reading(path) as connection:
        trend = read.page_view(connection, "kota-a").trend
    assert [point.provisional for point in trend] == [1, 2, 3]


def test_an_unknown_institution_or_indicator_is_answered_with_those_there_are(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(read.ReadError, match="'kota-lain' has no score; there are: kota-contoh"):
        read.index_view(copy, "kota-lain")
    with pytest.raises(read.ReadError, match=r"no indicator '48'; there are: 1, 2, .*, 47"):
        read.indicator_view(copy, INSTITUTION, "48")


def test_nothing_scored_yet_says_what_to_run(tmp_path: Path) -> None:
    with writing(tmp_path / "warehouse.duckdb", NOW):
        pass
    path = publish(tmp_path / "warehouse.duckdb", tmp_path / "pantau.duckdb", now=NOW).path
    with reading(path) as connection:
        assert read.institutions(connection) == []
        with pytest.raises(read.ReadError, match="run pantau score"):
            read.index_view(connection)


def test_among_several_institutions_one_must_be_named(tmp_path: Path) -> None:
    with writing(tmp_path / "warehouse.duckdb", NOW) as connection:
        for name in ("kota-a", "kota-b"):
            run = {"score_id": name, "instrument": "uji", "ruleset_hash": "a", "as_of": NOW, "scored_at": NOW}
            append(connection, "score.run", [run], institution=name)
            total = {"score_id": name, "scope": "index", "provisional": Decimal(2)}
            append(connection, "score.aggregate", [total], institution=name)
    path = publish(tmp_path / "warehouse.duckdb", tmp_path / "pantau.duckdb", now=NOW).path
    with reading(path) as connection:
        assert read.institutions(connection) == ["kota-a", "kota-b"]
        with pytest.raises(read.ReadError, match="2 institutions, name one: kota-a, kota-b"):
            read.index_view(connection)
        assert read.index_view(connection, "kota-b").score_id == "kota-b"
