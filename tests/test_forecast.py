"""The index if nobody acts: what it starts from, where it goes, and that the later score agrees."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from flows import cli
from tests.examples_of import few
from tests.itemised_instrument import itemised
from tests.small_instrument import CRITERIA, INSTRUMENT, PROBES, RULES, proof
from tests.test_load import A, B, C, Feed
from tests.test_properties import KINDS, NORMS, Norm, seeds, world
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
from transforms.finding import Answer, Attested, Finding, Freshness
from transforms.forecast import INSTANT, SCENARIOS, Forecast, Known, Scenario, forecasts
from transforms.index import Aggregate, aggregates
from transforms.instrument import ProbeCall, Rules, load_probes
from transforms.levels import IndicatorLevel, levels
from transforms.ruleset import Ruleset
from transforms.scoring import judge
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
    return of(scenario, [facts])


def of(scenario: Scenario, facts: Sequence[Known]) -> Forecast:
    return forecasts(RULESET, facts, NOW)[SCENARIOS.index(scenario)]


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
    seen = of("sources_run", [known(met("I03.2")), later])
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


def itemised_norm(_: random.Random) -> Norm:
    norm, rules = itemised()
    return Norm(norm, rules, dict(load_probes()))


def drawn(norm: Norm, draw: random.Random) -> list[Known]:
    """What is on file of a world, and what of others begins to count on some later days."""
    whole = world(norm, draw)
    freshness = {
        kind: Freshness(draw.choice((3, 60)) * DAY, draw.choice((0, 5, 30, 100)) * DAY) for kind in KINDS
    }
    facts = [Known(NOW, whole.answers, whole.statements, freshness, whole.official, whole.external)]
    for _ in range(draw.choice((0, 1, 3))):
        last, other = facts[-1], world(norm, draw)
        begun: dict[str, Any] = {
            "answers": {**last.answers, **{c: a for c, a in other.answers.items() if draw.random() < 0.3}},
            "attestations": (*last.attestations, *other.statements[:5]),
            "official": {**last.official, **dict([*other.official.items()][:2])},
            "external": {**last.external, **other.external},
        }
        chosen = {name: value for name, value in begun.items() if draw.random() < 0.5}
        facts.append(replace(last, since=last.since + draw.choice((1, 3, 33)) * DAY, **chosen))
    return facts


def answers_at(
    norm: Norm, facts: Sequence[Known], moment: datetime, scenario: Scenario
) -> dict[ProbeCall, Answer]:
    """The answers of a later moment: while sources run, what is fresh today is then as old as it is today."""
    entry = [facts[0], *(later for later in facts[1:] if later.since <= moment)][-1]
    if scenario == "all_stops":
        return dict(entry.answers)
    found = {}
    for call, answer in entry.answers.items():
        kind = norm.probes[call.probe].kind
        said = facts[0].answers.get(call, answer) if kind == "uptime" else answer
        if said.observed_at is not None and NOW - said.observed_at <= entry.freshness[kind].ttl:
            said = said._replace(observed_at=said.observed_at + (moment - NOW))
        found[call] = said
    return found


Whole = tuple[Mapping[str, Finding], Mapping[str, IndicatorLevel], Aggregate]


def scored_at(norm: Norm, facts: Sequence[Known], moment: datetime, scenario: Scenario) -> Whole:
    """All of an institution judged at a moment, as `pantau score` judges it."""
    entry = [facts[0], *(later for later in facts[1:] if later.since <= moment)][-1]
    judged = judge(
        norm.rules, norm.instrument, norm.probes, answers_at(norm, facts, moment, scenario),
        entry.attestations, entry.freshness, moment, entry.external,
    )  # fmt: skip
    rows = levels(norm.instrument, judged, entry.official)
    return (
        {f.criterion: f for f in judged},
        {r.indicator: r for r in rows},
        aggregates(norm.instrument, rows)[0],
    )


def counts(finding: Finding) -> tuple[object, ...]:
    return finding.holds, finding.holds_or_carried, finding.is_open, finding.score


def told(norm: Norm, before: Whole, after: Whole, *, by_fact: bool) -> list[tuple[object, ...]]:
    """What is to be told of a moment, from two whole scores: that of the instant before, and its own."""
    rows: list[tuple[object, ...]] = []
    for indicator in norm.instrument.indicators:
        own = [c.id for c in indicator.criteria]
        changed = [c for c in own if counts(before[0][c]) != counts(after[0][c])]
        for criterion in changed:
            if indicator.score_from == "external_index" and criterion != own[0]:
                continue
            then, now = before[0][criterion], after[0][criterion]
            if now.state == "stale" or (then.holds_or_carried and not by_fact):
                event, said = "stale" if now.is_carried else "lapsed", then
            else:
                event, said = "fact", now
            rows.append((criterion, event, said.answered_by, said.reason, said.evidence_ids))
        if before[1][indicator.number].official != after[1][indicator.number].official:
            rows.append((None, "fact", "nilai resmi", "", ()))
    return rows


@pytest.mark.parametrize(
    ("norm_of", "examples"),
    [(NORMS["spbe-2020"], 2), (NORMS["pemdi-2026"], 3), (NORMS["small"], 25), (itemised_norm, 25)],
    ids=["spbe-2020", "pemdi-2026", "small", "itemised"],
)
def test_each_moment_is_what_two_whole_scores_say(
    norm_of: Callable[[random.Random], Norm], examples: int
) -> None:
    """Why it may judge so little: all criteria judged again, at each moment and just before, find no more."""

    @few(examples)
    @given(seeds)
    def holds(seed: int) -> None:
        draw = random.Random(seed)
        norm = norm_of(draw)
        facts = drawn(norm, draw)
        ruleset = Ruleset(norm.instrument, norm.rules, (), norm.probes, "aturan")
        for scenario, seen in zip(SCENARIOS, forecasts(ruleset, facts, NOW), strict=True):
            begun = {later.since for later in facts[1:]}
            others = {NOW + draw.choice((1, 2, 3, 5, 17, 30, 33, 60, 90, 160, 400)) * DAY for _ in range(6)}
            others |= {at + INSTANT for at in others}
            for moment in sorted(
                {p.at for p in seen.points[1:]} | {e.at for e in seen.expiries} | begun | others
            ):
                before = scored_at(norm, facts, moment - INSTANT, scenario)
                after = scored_at(norm, facts, moment, scenario)
                point, index = seen.at(moment), after[2]
                assert (point.proven, point.provisional, point.possible, point.predikat) == (
                    index.proven, index.provisional, index.possible, index.predikat,
                )  # fmt: skip
                now = [e for e in seen.expiries if e.at == moment]
                assert [(e.criterion, e.event, e.answered_by, e.reason, e.evidence_ids) for e in now] == told(
                    norm, before, after, by_fact=moment in begun
                )
                until = seen.at(moment - INSTANT)
                assert sum(e.proven_change for e in now) == point.proven - until.proven
                assert sum(e.provisional_change for e in now) == point.provisional - until.provisional

    holds()


def test_what_stays_seen_but_is_too_old_for_its_rule_carries_on() -> None:
    """Seen 2.5 days ago, good for 2 by its rule and for 3 by its kind; stated a day ago."""
    criterion = "I03.2.a"
    strict = RULES.rule(criterion).model_copy(update={"ttl": 2 * DAY})
    rules = Rules(
        instrument="kecil", rules=tuple(strict if r.criterion == criterion else r for r in RULES.rules)
    )
    facts = known(met(criterion, age=2.5), [signed(criterion, age=1)])
    running, stopped = forecasts(replace(RULESET, rules=rules), [facts], NOW)
    begins = (NOW + DAY + INSTANT, "stale", "atestasi")
    assert [(e.at, e.event, e.answered_by) for e in running.expiries] == [begins]
    assert [(e.at, e.event, e.answered_by) for e in stopped.expiries] == [
        begins,
        (NOW + 31 * DAY + INSTANT, "lapsed", "atestasi"),
    ]


def test_who_carried_it_last_is_told_where_another_kind_of_evidence_took_over() -> None:
    """Seen until day 3 and carried for a day more, stated until day 2 and carried until day 32."""
    short = FRESHNESS | {"regulation": Freshness(ttl=3 * DAY, grace=DAY)}
    seen = ahead(replace(known(met("I03.2.a"), [signed("I03.2.a", left=2)]), freshness=short))
    assert [(e.at - NOW, e.event, e.answered_by) for e in seen.expiries] == [
        (3 * DAY + INSTANT, "stale", "probe proof"),
        (32 * DAY + INSTANT, "lapsed", "atestasi"),
    ]


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
