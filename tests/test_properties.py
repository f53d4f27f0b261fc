"""What must hold whatever the evidence: on both real norms with all their rules, and on random small ones.

A world is drawn from a seed: claims of every probe that the rules call, statements, official levels, values of
external indices, of all ages.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.archive import Archive
from collectors.institution import CONFIG_SOURCE
from tests.examples_of import few
from tests.line import Line, demo_line
from tests.small_instrument import INSTRUMENT, PROBES, doubt, proof
from transforms.attribution import Scored, changes
from transforms.finding import Answer, Attested, ExternalValue, Finding, Freshness, Statement
from transforms.index import aggregates
from transforms.instrument import Criterion, Indicator, Instrument, Level, Probe, ProbeCall, Rule, Rules
from transforms.levels import IndicatorLevel, levels
from transforms.ruleset import load_ruleset
from transforms.scoring import judge, judgements, stated, unstated
from warehouse.load import load
from warehouse.score import score

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = ("regulation", "uptime", "application", "attestation", "external_index")
FRESHNESS = {kind: Freshness(timedelta(days=3), timedelta(days=30)) for kind in KINDS}
AGES = (0.0, 1.0, 2.9, 3.0, 3.1, 20.0, 33.0, 33.1, 400.0)


@dataclass(frozen=True)
class Norm:
    """A norm with all that decides how it is answered."""

    instrument: Instrument
    rules: Rules
    probes: dict[str, Probe]


@dataclass(frozen=True)
class World:
    """What is known of one institution."""

    answers: dict[ProbeCall, Answer]
    statements: tuple[Attested, ...]
    official: dict[str, Decimal]
    external: dict[str, ExternalValue]


@cache
def real(instrument_id: str) -> Norm:
    ruleset = load_ruleset(instrument_id)
    return Norm(ruleset.instrument, ruleset.rules, dict(ruleset.probes))


def small(draw: random.Random) -> Norm:
    """A norm of one to four indicators with up to three criteria a level, which may build on any level below."""
    weights = [Decimal(draw.randint(1, 400)) / 4 for _ in range(draw.randint(1, 4))]
    indicators = []
    rules = []
    for number, weight in enumerate(weights, start=1):
        placed = []
        for level in range(1, 6):
            ids = [f"I{number:02}.{level}.{letter}" for letter in "abc"[: draw.randint(1, 3)]]
            placed.append(
                Level(
                    level=level,
                    builds_on=draw.randint(1, level - 1) if level > 1 else 0,
                    criteria=tuple(Criterion(id=name, text="syarat") for name in ids),
                )
            )
            for name in ids:
                rules.append(
                    Rule(criterion=name, owner="-", floor=True, remedy="-")
                    if level == 1
                    else Rule(
                        criterion=name,
                        owner="-",
                        met_by=(proof(name),) if draw.random() < 0.6 else (),
                        attestation=draw.random() < 0.7,
                        refuted_by=(doubt(name),) if draw.random() < 0.4 else (),
                        ttl=timedelta(days=2) if draw.random() < 0.2 else None,
                        remedy="-",
                    )
                )
        indicators.append(
            Indicator(
                number=str(number),
                name="-",
                short_name="-",
                domain=draw.choice("12"),
                aspect=draw.choice("12"),
                weight=weight,
                proves_level=5,
                levels=tuple(placed),
            )
        )
    used = {i.domain for i in indicators}, {i.aspect for i in indicators}
    norm = INSTRUMENT.model_copy(
        update={
            "indicators": tuple(indicators),
            "domains": tuple(d for d in INSTRUMENT.domains if d.number in used[0]),
            "aspects": tuple(a for a in INSTRUMENT.aspects if a.number in used[1]),
        }
    )
    return Norm(norm, Rules(instrument=norm.id, rules=tuple(rules)), PROBES)


def ago(draw: random.Random) -> datetime:
    return NOW - timedelta(days=draw.choice(AGES))


def statement_on(draw: random.Random, criterion: str, said: Statement, at: datetime) -> Attested:
    ends = at + timedelta(days=draw.choice((1, 5, 30, 90, 500)))
    return Attested(criterion, said, "Sekda", at, ends, said, (f"s{draw.random()}",), draw.random() < 0.5)


def world(norm: Norm, draw: random.Random) -> World:
    share = draw.choice((0.05, 0.4, 0.9))
    criteria = [c.id for _, _, c in norm.instrument.placed()]
    answers = {}
    for call in norm.rules.calls():
        if draw.random() < share:
            said = draw.choice((True, True, True, False, False, None))
            broken = None if said is not None or draw.random() < 0.5 else "rusak"
            answers[call] = Answer(said, "terlihat", (call.key,), ago(draw), broken)
    said_of: tuple[Statement, ...] = (
        "terpenuhi",
        "terpenuhi",
        "terpenuhi",
        "terpenuhi",
        "dicabut",
        "tidak_terpenuhi",
    )
    statements = [
        statement_on(
            draw, draw.choice((criterion, criterion.rpartition(".")[0])), draw.choice(said_of), ago(draw)
        )
        for criterion in criteria
        if draw.random() < share
    ]
    whole = norm.instrument.scale == "whole"
    official = {
        i.number: Decimal(draw.randint(1, 5)) if whole else Decimal(draw.randint(100, 500)) / 100
        for i in norm.instrument.indicators
        if draw.random() < share
    }
    external = {
        index.id: ExternalValue(
            index.id, 2025, index.scale.min + (index.scale.max - index.scale.min) * draw.randint(0, 40) / 40,
            ago(draw), None, "surat", ("e",),
        )
        for index in norm.instrument.external_indices
        if draw.random() < share
    }  # fmt: skip
    return World(answers, tuple(statements), official, external)


def found_in(norm: Norm, known: World) -> tuple[Finding, ...]:
    return judge(
        norm.rules,
        norm.instrument,
        norm.probes,
        known.answers,
        known.statements,
        FRESHNESS,
        NOW,
        known.external,
    )


def levels_in(norm: Norm, known: World) -> tuple[IndicatorLevel, ...]:
    return levels(norm.instrument, found_in(norm, known), known.official)


def assert_none_lower(norm: Norm, less: World, more: World) -> None:
    before, after = levels_in(norm, less), levels_in(norm, more)
    for low, high in zip(before, after, strict=True):
        assert low.proven <= high.proven
        assert low.floor <= high.floor
        assert low.provisional <= high.provisional
        assert low.possible <= high.possible
    for low_total, high_total in zip(
        aggregates(norm.instrument, before), aggregates(norm.instrument, after), strict=True
    ):
        assert low_total.proven <= high_total.proven
        assert low_total.provisional <= high_total.provisional
        assert low_total.possible <= high_total.possible


NORMS: dict[str, Callable[[random.Random], Norm]] = {
    "spbe-2020": lambda _: real("spbe-2020"),
    "pemdi-2026": lambda _: real("pemdi-2026"),
    "small": small,
}
on_every_norm = pytest.mark.parametrize("norm_of", NORMS.values(), ids=NORMS)
seeds = st.integers(0, 2**32)


@on_every_norm
@few(20)
@given(seed=seeds)
def test_the_numbers_are_in_order_and_the_parts_add_up(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)
    rows = levels_in(norm, world(norm, draw))
    for row in rows:
        assert 1 <= row.proven <= row.floor <= row.provisional <= row.possible <= 5
        assert 0 <= row.coverage <= 1
    totals = {(total.scope, total.code): total for total in aggregates(norm.instrument, rows)}
    index = totals["index", "indeks"]
    weight = Fraction(sum((row.weight for row in rows), Decimal(0)))
    for name in ("proven", "provisional", "possible", "coverage"):
        of_indicators = sum((Fraction(row.weight) * getattr(row, name) for row in rows), Fraction(0))
        assert getattr(index, name) == of_indicators / weight
        for scope in ("aspect", "domain"):
            parts = [total for (kind, _), total in totals.items() if kind == scope]
            if parts:
                assert weight == sum((Fraction(p.weight) for p in parts), Fraction(0))
                of_parts = sum((Fraction(p.weight) * getattr(p, name) for p in parts), Fraction(0))
                assert getattr(index, name) == of_parts / weight


@on_every_norm
@few(20)
@given(seed=seeds)
def test_evidence_that_meets_a_criterion_lowers_nothing(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)
    known = world(norm, draw)
    rule = draw.choice([r for r in norm.rules.rules if r.met_by or r.attestation])
    if rule.met_by and (not rule.attestation or draw.random() < 0.5):
        call = draw.choice(rule.met_by)
        # What a probe says counts for whatever asks it, also as a refutation elsewhere.
        if any(call in other.refuted_by for other in norm.rules.rules):
            return
        more = replace(known, answers=known.answers | {call: Answer(True, "terlihat", ("baru",), NOW)})
    else:
        signed = statement_on(draw, rule.criterion, "terpenuhi", NOW)
        more = replace(known, statements=(*known.statements, signed))
    assert_none_lower(norm, known, more)


@on_every_norm
@few(20)
@given(seed=seeds)
def test_a_lost_source_raises_nothing_and_only_ages_what_was_seen(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)
    lost = draw.choice(("regulation", "uptime", "application"))
    last = timedelta(days=draw.choice(AGES))
    known = world(norm, draw)

    def seen(call: ProbeCall, answer: Answer, back: timedelta) -> Answer:
        return answer._replace(observed_at=NOW - back) if norm.probes[call.probe].kind == lost else answer

    runs = replace(known, answers={c: seen(c, a, timedelta()) for c, a in known.answers.items()})
    silent = replace(known, answers={c: seen(c, a, last) for c, a in known.answers.items()})
    assert_none_lower(norm, silent, runs)
    for before, after in zip(found_in(norm, runs), found_in(norm, silent), strict=True):
        if before.state != after.state:
            # It aged; or it was met in spite of a denial, which is what remains.
            assert before.state == "met"
            assert after.state in ("stale", "not_met")
            assert last > FRESHNESS[lost].ttl or norm.rules.rule(before.criterion).ttl is not None
        if before.state == "not_met":
            assert after.state == "not_met"


@on_every_norm
@few(20)
@given(seed=seeds)
def test_the_order_of_statements_and_answers_decides_nothing(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)
    known = world(norm, draw)
    statements, answers = list(known.statements), list(known.answers.items())
    draw.shuffle(statements)
    draw.shuffle(answers)
    other = replace(known, statements=tuple(statements), answers=dict(answers))
    assert levels_in(norm, known) == levels_in(norm, other)
    assert [(f.criterion, f.state, f.is_carried, f.expires_at) for f in found_in(norm, known)] == [
        (f.criterion, f.state, f.is_carried, f.expires_at) for f in found_in(norm, other)
    ]


@on_every_norm
@few(20)
@given(seed=seeds)
def test_what_only_statements_speak_on_is_judged_without_answers_as_with_them(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)
    known = world(norm, draw)
    facts = known.answers, known.statements, FRESHNESS, NOW, known.external
    whole = judgements(norm.rules, norm.instrument, norm.probes, *facts)
    first = stated(norm.rules, norm.instrument, known.statements, FRESHNESS, NOW)
    rest = unstated(norm.rules, norm.instrument)
    assert not first.keys() & set(rest)
    assert first | judgements(norm.rules, norm.instrument, norm.probes, *facts, rest) == whole


@pytest.mark.parametrize("norm_of", [NORMS["spbe-2020"], small], ids=["spbe-2020", "small"])
@few(8)
@given(seed=seeds)
def test_the_parts_of_a_change_add_up_to_the_change(
    norm_of: Callable[[random.Random], Norm], seed: int
) -> None:
    draw = random.Random(seed)
    norm = norm_of(draw)

    def scored(name: str) -> Scored:
        known = world(norm, draw)
        rows = levels_in(norm, known)
        return Scored(
            name, "kota", "aturan", NOW, {f.criterion: f for f in found_in(norm, known)},
            {row.indicator: row for row in rows}, aggregates(norm.instrument, rows),
        )  # fmt: skip

    before, after = scored("a"), scored("b")
    moved = changes(norm.instrument, before, after)
    total = sum((change.contribution for change in moved), Fraction(0))
    assert total == after.index.provisional - before.index.provisional
    for change in moved:
        assert change.contribution == sum((part.contribution for part in change.parts), Fraction(0))


class _SomeSources(Archive):
    """The archive as if only these sources had run: what is loaded of it comes before all else."""

    def __init__(self, folder: Archive, named: set[str]) -> None:
        super().__init__(folder.root)
        self.named = named

    def sources(self) -> list[tuple[str, str]]:
        return [(name, source) for name, source in super().sources() if source in self.named]


@pytest.mark.e2e
def test_the_order_in_which_sources_are_loaded_decides_nothing(tmp_path: Path) -> None:
    with demo_line(tmp_path) as (_, line):
        for _ in range(2):
            line.collect()
            line.pass_days(1)
    archive = Archive(line.places.archive)
    names = sorted({source for _, source in archive.sources()} - {CONFIG_SOURCE})
    found = []
    for position, order in enumerate(([], names[::-1])):
        other = Line(line.config, tmp_path / f"data-{position}", line.now)
        loaded = {CONFIG_SOURCE}
        for source in order:
            loaded.add(source)
            load(_SomeSources(archive, loaded), other.places.warehouse, now=line.now)
        load(archive, other.places.warehouse, now=line.now)
        core = [
            (table, sorted(other.rows(f"SELECT {columns} FROM core.{table}"), key=repr))
            for table, columns in other.rows(
                "SELECT table_name, string_agg(column_name, ', ' ORDER BY column_name) "
                "FROM information_schema.columns WHERE table_schema = 'core' AND column_name != 'loaded_at' "
                "GROUP BY table_name ORDER BY table_name"
            )
        ]
        (result,) = score(other.places.warehouse, as_of=line.now, now=line.now)[:1]
        found.append((core, result.current))
    assert any(len(rows) > 50 for _, rows in found[0][0])
    assert found[0] == found[1]
