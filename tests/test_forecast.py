"""The index if nobody acts: what it starts from, where it goes, and that the later score agrees."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given

from flows import cli
from tests.examples_of import few
from tests.small_instrument import CRITERIA, INSTRUMENT, PROBES, RULES, proof
from tests.test_load import A, B, C, Feed
from tests.test_scoring import (
    DAY,
    FRESHNESS,
    NOW,
    answer_sets,
    found,
    officials,
    scored,
    signed,
    statement_lists,
)
from transforms.attribution import rows_sum_to
from transforms.forecast import INSTANT, SCENARIOS, Forecast, Known, Scenario, forecast
from transforms.index import aggregates
from transforms.instrument import ProbeCall
from transforms.ruleset import Ruleset
from transforms.scoring import Answer, Attested, Freshness, judge, levels
from warehouse.connection import writing
from warehouse.forecast import forecast_scored
from warehouse.publish import publish
from warehouse.score import score

RULESET = Ruleset(INSTRUMENT, RULES, (), PROBES, "aturan")


def known(
    answers: Mapping[ProbeCall, Answer],
    attested: Sequence[Attested] = (),
    official: Mapping[str, int] | None = None,
) -> Known:
    return Known(NOW, answers, attested, FRESHNESS, official or {}, {})


def ahead(facts: Known, scenario: Scenario = "all_stops") -> Forecast:
    return forecast(RULESET, [facts], NOW, scenario)


def met(*named: str, age: float = 0) -> dict[ProbeCall, Answer]:
    return {proof(c): found(True, age) for c in CRITERIA if c.startswith(named)}


def test_evidence_ages_then_lapses_with_what_the_index_loses() -> None:
    seen = ahead(known(met("I03.2")))
    assert [(p.at, p.proven, p.provisional) for p in seen.points] == [
        (NOW, Fraction(8, 5), Fraction(8, 5)),
        (NOW + 3 * DAY + INSTANT, Fraction(1), Fraction(8, 5)),
        (NOW + 33 * DAY + INSTANT, Fraction(1), Fraction(1)),
    ]
    assert [(e.criterion, e.event, e.proven_change, e.provisional_change) for e in seen.expiries] == [
        ("I03.2.a", "stale", Fraction(-3, 10), 0),
        ("I03.2.b", "stale", Fraction(-3, 10), 0),
        ("I03.2.a", "lapsed", 0, Fraction(-3, 10)),
        ("I03.2.b", "lapsed", 0, Fraction(-3, 10)),
    ]


def test_while_sources_run_what_is_fresh_stays_and_only_statements_expire() -> None:
    facts = known(met("I03.2"), [signed("I03.3", left=10)])
    seen = ahead(facts, "sources_run")
    assert [p.provisional for p in seen.points] == [Fraction(11, 5), Fraction(11, 5), Fraction(8, 5)]
    assert seen.points[-1].at == NOW + 40 * DAY + INSTANT
    assert {e.answered_by for e in seen.expiries} == {"atestasi"}


def test_a_source_that_already_fails_goes_on_ageing_while_others_run() -> None:
    seen = ahead(known(met("I03.2", age=5)), "sources_run")
    assert [(p.at, p.provisional) for p in seen.points] == [
        (NOW, Fraction(8, 5)),
        (NOW + 28 * DAY + INSTANT, Fraction(1)),
    ]


def test_what_begins_to_count_later_is_a_fact_of_its_day() -> None:
    later = replace(known(met("I03.2")), since=NOW + DAY, answers={})
    seen = forecast(RULESET, [known(met("I03.2")), later], NOW, "sources_run")
    assert [(e.at, e.criterion, e.event) for e in seen.expiries] == [
        (NOW + DAY, "I03.2.a", "fact"),
        (NOW + DAY, "I03.2.b", "fact"),
    ]


def test_a_statement_that_aged_first_may_carry_longest() -> None:
    short = FRESHNESS | {"regulation": Freshness(ttl=2 * DAY, grace=DAY)}
    facts = replace(known(met("I03.2"), [signed("I03.2", left=1)]), freshness=short)
    assert [(p.at, p.proven, p.provisional) for p in ahead(facts).points] == [
        (NOW, Fraction(8, 5), Fraction(8, 5)),
        (NOW + 2 * DAY + INSTANT, Fraction(1), Fraction(8, 5)),
        (NOW + 31 * DAY + INSTANT, Fraction(1), Fraction(1)),
    ]


def test_a_lapsed_statement_gives_way_to_what_denies_it() -> None:
    answers = {proof("I03.2.a"): found(False)}
    seen = ahead(known(answers, [signed("I03.2", left=1)], {"3": 4}))
    assert [p.provisional for p in seen.points] == [Fraction(14, 5), Fraction(14, 5), Fraction(1)]


@few(60)
@given(answer_sets, statement_lists, officials)
def test_it_starts_from_the_score_never_rises_and_adds_up(
    answers: dict[ProbeCall, Answer], attested: list[Attested], official: dict[str, int]
) -> None:
    now = scored(answers, attested, official).index
    for scenario in SCENARIOS:
        seen = ahead(known(answers, attested, official), scenario)
        first, last = seen.points[0], seen.points[-1]
        assert (first.proven, first.provisional, first.possible) == (
            now.proven,
            now.provisional,
            now.possible,
        )
        for before, after in zip(seen.points, seen.points[1:], strict=False):
            assert before.at < after.at
            assert after.proven <= before.proven
            assert after.provisional <= before.provisional
            assert after.possible <= before.possible
        assert sum(e.proven_change for e in seen.expiries) == last.proven - first.proven
        assert sum(e.provisional_change for e in seen.expiries) == last.provisional - first.provisional
        costs = [e.provisional_change for e in seen.expiries]
        assert sum(rows_sum_to(first.provisional, costs, Fraction(1, 10**10))) == sum(costs)


@few(40)
@given(answer_sets, statement_lists, officials)
def test_it_equals_the_score_of_a_later_date_without_new_loads(
    answers: dict[ProbeCall, Answer], attested: list[Attested], official: dict[str, int]
) -> None:
    seen = ahead(known(answers, attested, official))
    edges = [p.at for p in seen.points] + [p.at - INSTANT for p in seen.points[1:]]
    for moment in (*edges, *(NOW + days * DAY for days in (1, 2, 17, 31, 45, 90, 400))):
        judged = judge(RULES, INSTRUMENT, PROBES, answers, attested, FRESHNESS, moment)
        whole = aggregates(INSTRUMENT, levels(INSTRUMENT, judged, official))[0]
        point = seen.at(moment)
        assert (point.proven, point.provisional, point.possible) == (
            whole.proven, whole.provisional, whole.possible,
        )  # fmt: skip


LATER = (
    "UPDATE core.institution SET also = ['pemdi-2026']",
    "UPDATE core.freshness SET ttl = INTERVAL 500 DAY WHERE kind = 'regulation'",
    "INSERT INTO core.official_level (institution, instrument, year, decided_on, indicator, level, valid_from) "
    "SELECT institution, 'spbe-2020', 2026, DATE '2026-06-10', '1', 3, valid_from FROM core.institution",
    "INSERT INTO core.external_index (institution, index_id, year, value, decided_on, expires_on, citation, "
    "capture_id, valid_from) SELECT institution, 'SDI', 2026, 55, DATE '2026-05-05', DATE '2026-08-08', "
    "'surat', 'x', valid_from FROM core.institution",
    "INSERT INTO core.attestation (institution, source, attestation_key, instrument, criterion, statement, "
    "signer, signed_on, effective_on, expires_on, file_name, file_capture_id, capture_id, valid_from) "
    "SELECT institution, 'bukti', 'k', 'spbe-2020', 'I10.2', 'terpenuhi', 'Sekda', DATE '2026-02-02', "
    "DATE '2026-04-04', DATE '2026-12-30', 'a.pdf', 'y', 'y', valid_from FROM core.institution",
)
"""What is on file and counts later: a result of June, an index of May, a statement that holds from April."""


@pytest.mark.e2e
def test_real_scores_of_later_dates_agree_with_what_is_kept(tmp_path: Path) -> None:
    """Both instruments, with a plan whose title ends with its year and facts that count only later."""
    feed = Feed(tmp_path)
    plan = (
        "4",
        "Peraturan Wali Kota Nomor 4 Tahun 2023 tentang Peta Rencana SPBE Tahun 2023-2026",
        "Berlaku",
    )
    feed.listing(A, B, C, plan)
    with writing(feed.warehouse, feed.now) as connection:
        for statement in LATER:
            connection.execute(statement)
    scored_now = score(feed.warehouse, as_of=feed.now, now=feed.now)
    forecast_scored(feed.warehouse, scored_now, now=feed.now)
    kept = {
        result.instrument: feed.rows(
            "SELECT changes_at, proven, provisional, possible FROM score.forecast "
            f"WHERE scenario = 'all_stops' AND score_id = '{result.current.score_id}' ORDER BY changes_at"
        )
        for result in scored_now
    }
    assert kept.keys() == {"spbe-2020", "pemdi-2026"}
    starts = sorted({at for points in kept.values() for at, *_ in points})
    begun = [at for at in starts if f"{at:%m-%d %H}" in ("04-03 17", "05-04 17", "06-10 00", "12-31 17")]
    assert len(begun) == 4
    for moment in sorted({*begun, *(at - INSTANT for at in begun), starts[-2] - INSTANT, starts[-1]}):
        for later in score(feed.warehouse, as_of=moment, now=moment):
            index = later.current.index
            _, *numbers = [row for row in kept[later.instrument] if row[0] <= moment][-1]
            assert [Fraction(n) for n in numbers] == [index.proven, index.provisional, index.possible]
    steps = feed.rows(
        "SELECT scenario, score_id, sum(provisional_change) FROM score.expiry GROUP BY ALL ORDER BY ALL"
    )
    assert steps == feed.rows(
        "SELECT scenario, score_id, arg_max(provisional, changes_at) - arg_min(provisional, changes_at) "
        "FROM score.forecast GROUP BY ALL ORDER BY ALL"
    )


@pytest.mark.e2e
def test_a_later_score_replaces_the_forecast_and_an_earlier_one_does_not(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    early = feed.now
    later = early + DAY
    for day, forecast_of in ((early, early), (later, later), (early, later), (later, later)):
        results = score(feed.warehouse, as_of=day, now=later)
        forecast_scored(feed.warehouse, results, now=later)
        found = feed.rows(
            "SELECT as_of FROM score.run WHERE score_id IN (SELECT score_id FROM score.forecast)"
        )
        assert found == [(forecast_of,)]
    assert feed.rows("SELECT count(*) FROM (FROM score.forecast GROUP BY ALL HAVING count(*) > 1)") == [(0,)]


@pytest.mark.e2e
def test_the_command_reads_the_published_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    feed.warehouse = tmp_path / "data" / "warehouse.duckdb"
    feed.listing(A, B, C)
    results = score(feed.warehouse, as_of=feed.now, now=feed.now)
    (now,) = results
    copy = tmp_path / "data" / "published" / "pantau.duckdb"

    def pantau(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            monkeypatch.setattr(sys, "argv", ["pantau", *words, "--data-dir", str(tmp_path / "data")])
            cli.main()
            raise SystemExit(0)
        return int(ended.value.code or 0), capsys.readouterr().out

    publish(feed.warehouse, copy, now=feed.now)
    assert pantau("forecast")[0] == 2
    forecast_scored(feed.warehouse, results, now=feed.now)
    publish(feed.warehouse, copy, now=feed.now)
    code, said = pantau("forecast", "--json")
    document = json.loads(said)
    assert code == 0
    stops = [p for p in document["points"] if p["scenario"] == "all_stops"]
    assert Fraction(stops[0]["provisional"]) == now.current.index.provisional
    assert Fraction(stops[-1]["provisional"]) < now.current.index.provisional
    assert len([p for p in document["points"] if p["scenario"] == "sources_run"]) == 1
    near = json.loads(pantau("forecast", "--json", "--until", f"{feed.now:%Y-%m-%d}")[1])
    assert {Fraction(p["provisional"]) for p in near["points"]} == {now.current.index.provisional}
    assert near["expiries"] == []
    monkeypatch.setenv("COLUMNS", "100")
    code, said = pantau("forecast")
    assert "If the pipeline stops too" in said
    assert "I05.2.a" in said
    assert max(map(len, said.splitlines())) <= 100
