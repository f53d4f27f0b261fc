"""The index by date if nobody acts: the same facts judged again at every later moment at which they change.

Nothing new is captured. In `sources_run` the machines go on seeing what they see today, so that what is fresh
today by probe stays fresh, and what has already aged ages on; in `all_stops` they stop too. Statements expire
in both. Exact: the score of a later date without new loads is what `all_stops` says of it. It rises only
where a fact that is on file already begins to count later, such as a statement that holds from next month on.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any, Literal, NamedTuple

from transforms.attribution import COUNTS, shares_of
from transforms.finding import Answer, Attested, ExternalValue, Finding, Freshness, Same
from transforms.index import predikat
from transforms.instrument import ProbeCall
from transforms.levels import Score, mark_of, numbers_of, official_of
from transforms.ruleset import Ruleset
from transforms.scoring import Case, Heard

Scenario = Literal["sources_run", "all_stops"]
Event = Literal["stale", "lapsed", "fact"]
SCENARIOS: tuple[Scenario, ...] = ("sources_run", "all_stops")
INSTANT = timedelta(microseconds=1)
"""The smallest step of the warehouse's time: evidence is good up to and including its last instant."""


@dataclass(frozen=True)
class Known:
    """What is known of one institution from `since` on, if nothing new comes in."""

    since: datetime
    answers: Mapping[ProbeCall, Answer]
    attestations: Sequence[Attested]
    freshness: Mapping[str, Freshness]
    official: Mapping[str, Score | Decimal]
    external: Mapping[str, ExternalValue]


@dataclass(frozen=True)
class Point:
    """The index from a moment on, until the next point."""

    at: datetime
    proven: Fraction
    provisional: Fraction
    possible: Fraction
    predikat: str


@dataclass(frozen=True)
class Expiry:
    """One criterion that counts otherwise from a moment on, and what the index gains (loses) by it.

    `event`: `stale` its evidence is no longer fresh, `lapsed` its grace period is over too, `fact` something
    on file says otherwise from that day on. `criterion` is None for an official level. The changes of all
    expiries of a moment add up to the change of the index then.
    """

    at: datetime
    indicator: str
    criterion: str | None
    event: Event
    answered_by: str
    reason: str
    evidence_ids: tuple[str, ...]
    proven_change: Fraction
    provisional_change: Fraction


@dataclass(frozen=True)
class Forecast:
    """Points in time, the first being the date scored, and what lapses at each of the others."""

    scenario: Scenario
    points: tuple[Point, ...]
    expiries: tuple[Expiry, ...]

    def at(self, moment: datetime) -> Point:
        """The point that holds at a moment; the first one for all before it."""
        return [self.points[0], *(p for p in self.points[1:] if p.at <= moment)][-1]


def forecasts(ruleset: Ruleset, known: Sequence[Known], as_of: datetime) -> tuple[Forecast, ...]:
    """The index from `as_of` on, to the last moment at which it changes, in every scenario.

    `known` is what is on file by when it begins to count, in order; the first from `as_of`. What counts for
    the same in all scenarios is judged once.
    """
    facts = _Facts(ruleset, known, as_of)
    return tuple(_forecast(ruleset, facts, scenario) for scenario in SCENARIOS)


def _forecast(ruleset: Ruleset, facts: _Facts, scenario: Scenario) -> Forecast:
    """All criteria together, from moment to moment: only those that turn are looked at."""
    layout = facts.layout
    begins = {stage.since: stage.official for stage in facts.stages[1:]}
    turns: dict[datetime, dict[int, list[_Turn]]] = {at: {} for at in begins}
    for place, turn in facts.turns(scenario):
        turns.setdefault(turn.at, {}).setdefault(place, []).append(turn)
    line = facts.line.copy()
    points, expiries = [line.point(facts.as_of)], list[Expiry]()
    official = facts.stages[0].official
    for moment in sorted(turns):
        turned, given = turns[moment], begins.get(moment, official)
        if given != official:
            for place, indicator in enumerate(ruleset.instrument.indicators):
                if given.get(indicator.number) != official.get(indicator.number):
                    turned.setdefault(place, [])
            official = given
        for place in sorted(turned):
            counting, costs = line.move(place, turned[place], official.get(layout.numbers[place]))
            for turn in counting:
                expiries.append(_expiry(turn, costs.get(turn.criterion, _NOTHING), moment in begins))
            if None in costs:
                number = layout.numbers[place]
                expiries.append(Expiry(moment, number, None, "fact", "nilai resmi", "", (), *costs[None]))
        if line.has_moved:
            points.append(line.point(moment))
    return Forecast(scenario, tuple(points), tuple(expiries))


@dataclass(frozen=True)
class _Layout:
    """An instrument with its rules laid out: indicators by their place, each with its criteria in order.

    Weights are whole numbers of which `whole` is the sum. `borrowing` are the indicators whose score an index
    of another body makes. The reach of an input are the numbers of the indicators that it can move.
    """

    numbers: tuple[str, ...]
    criteria: tuple[tuple[str, ...], ...]
    weights: tuple[int, ...]
    whole: int
    borrowing: frozenset[int]
    calls: frozenset[ProbeCall]
    by_call: Mapping[ProbeCall, Set[str]]
    by_statement: Mapping[str, Set[str]]
    by_index: Mapping[str, Set[str]]


@lru_cache(maxsize=16)
def _layout(same: Same) -> _Layout:
    assert isinstance(same.it, Ruleset)
    rules, indicators = same.it.rules, same.it.instrument.indicators
    calls: dict[ProbeCall, set[str]] = {}
    statements: dict[str, set[str]] = {}
    indices: dict[str, set[str]] = {}
    for indicator in indicators:
        for criterion in indicator.criteria:
            rule = rules.rule(criterion.id)
            for call in (*rule.met_by, *rule.refuted_by):
                calls.setdefault(call, set()).add(indicator.number)
            statements.setdefault(_code_of(criterion.id), set()).add(indicator.number)
            if rule.external_index:
                indices.setdefault(rule.external_index, set()).add(indicator.number)
    step = lcm(*(Fraction(indicator.weight).denominator for indicator in indicators))
    weights = tuple(int(Fraction(indicator.weight) * step) for indicator in indicators)
    return _Layout(
        tuple(indicator.number for indicator in indicators),
        tuple(tuple(criterion.id for criterion in indicator.criteria) for indicator in indicators),
        weights,
        sum(weights),
        frozenset(place for place, i in enumerate(indicators) if i.score_from == "external_index"),
        frozenset(calls),
        calls,
        statements,
        indices,
    )


def _code_of(criterion: str) -> str:
    """The indicator's part of a criterion's id, or of a whole level's: ``I13`` of ``I13.3``."""
    return criterion.partition(".")[0]


def _concerned(layout: _Layout, before: Known, after: Known) -> frozenset[str]:
    """The indicators that may change where one entry follows another."""
    everything = frozenset(layout.numbers)
    if before.freshness != after.freshness:
        return everything
    nobody = frozenset[str]()
    signed = set[str]()
    if before.attestations is not after.attestations:
        signed = {_code_of(a.criterion) for a in {*before.attestations} ^ {*after.attestations}}
    return nobody.union(
        *(layout.by_call.get(call, nobody) for call in _differing(before.answers, after.answers)),
        *(layout.by_statement.get(indicator, nobody) for indicator in signed),
        *(layout.by_index.get(index, nobody) for index in _differing(before.external, after.external)),
        everything & _differing(before.official, after.official),
    )


def _differing(before: Mapping[Any, object], after: Mapping[Any, object]) -> set[Any]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


@dataclass(frozen=True)
class _Turn:
    """A criterion that may count otherwise from a moment on, as it was found until then and is from then."""

    at: datetime
    criterion: int
    before: Finding
    after: Finding


@dataclass(frozen=True)
class _Stage:
    """What speaks from `since` on, where that is something else than before: on criteria of `concerned`.

    `seen` are the calls whose answers stay as fresh as they were on the date scored, while sources run.
    `courses` are kept of criteria on which none of these speaks: they are the same in all scenarios.
    """

    since: datetime
    concerned: frozenset[str]
    heard: Mapping[str, Heard]
    seen: frozenset[ProbeCall]
    official: Mapping[str, Score]
    courses: dict[str, Sequence[tuple[datetime, Finding]]] = field(default_factory=dict)


class _Facts:
    """What is known of one institution, stage by stage, and how it stands at the first."""

    def __init__(self, ruleset: Ruleset, known: Sequence[Known], as_of: datetime) -> None:
        self.as_of = as_of
        self.layout = _layout(Same(ruleset))
        self._ruleset = ruleset
        first = self._stage(known[0], frozenset(self.layout.numbers), known[0].answers, as_of)
        self.stages = [first]
        self._run_stages = [first]
        for before, entry in itertools.pairwise(known):
            concerned = _concerned(self.layout, before, entry)
            stage = self._stage(entry, concerned, entry.answers, entry.since)
            self.stages.append(stage)
            # Whether checks go on is not for the calendar to say: what they showed today, they show then.
            checks = {
                call: known[0].answers[call]
                for call in entry.answers
                if call in known[0].answers and ruleset.probes[call.probe].kind == "uptime"
            }
            if any(entry.answers[call] != answer for call, answer in checks.items()):
                stage = self._stage(entry, concerned, {**entry.answers, **checks}, entry.since)
            self._run_stages.append(stage)
        found = [
            [self._course(first, criterion, _NONE)[0][1] for criterion in own] for own in self.layout.criteria
        ]
        self.line = _Line(ruleset, found, first.official)

    def _stage(
        self,
        entry: Known,
        concerned: frozenset[str],
        answers: Mapping[ProbeCall, Answer],
        since: datetime,
    ) -> _Stage:
        rules, norm, probes = self._ruleset.rules, self._ruleset.instrument, self._ruleset.probes
        case = Case(rules, norm, probes, answers, entry.attestations, entry.freshness, entry.external)
        criteria = [
            criterion
            for number, own in zip(self.layout.numbers, self.layout.criteria, strict=True)
            if number in concerned
            for criterion in own
        ]
        seen = frozenset(
            call
            for call in self.layout.calls & answers.keys()
            if (at := answers[call].observed_at) is not None
            and self.as_of <= at + entry.freshness[probes[call.probe].kind].ttl
        )
        official = {
            number: known
            for number, given in entry.official.items()
            if (known := official_of(norm, given)) is not None
        }
        return _Stage(since, concerned, {c: case[c] for c in criteria}, seen, official)

    def turns(self, scenario: Scenario) -> Iterator[tuple[int, _Turn]]:
        """The turns of all criteria in a scenario, each with the place of its indicator."""
        stages = self._run_stages if scenario == "sources_run" else self.stages
        first = stages[0].courses
        for place, (number, own) in enumerate(zip(self.layout.numbers, self.layout.criteria, strict=True)):
            stages_of = [stage for stage in stages if number in stage.concerned] if stages[1:] else stages
            for at, criterion in enumerate(own):
                # What never turns while all ages does not where some of it stays fresh.
                if stages_of[1:] or len(first[criterion]) > 1:
                    for turn in self._turns_of(stages_of, at, criterion, scenario):
                        yield place, turn

    def _turns_of(
        self, stages: Sequence[_Stage], place: int, criterion: str, scenario: Scenario
    ) -> Iterator[_Turn]:
        last: _Stage | None = None
        for stage, following in itertools.zip_longest(stages, stages[1:]):
            seen = stage.seen if scenario == "sources_run" else _NONE
            course = self._course(stage, criterion, seen)
            if last is not None:
                were_seen = last.seen if scenario == "sources_run" else _NONE
                before = self._found(last, criterion, stage.since - INSTANT, were_seen)
                yield _Turn(stage.since, place, before, course[0][1])
            last = stage
            # Where several speak, one may have taken over from another meanwhile.
            is_alone = len(stage.heard[criterion].alternatives) == 1
            for (_, then), (moment, now) in itertools.pairwise(course):
                if following is None or moment < following.since:
                    before = then if is_alone else self._found(stage, criterion, moment - INSTANT, seen)
                    yield _Turn(moment, place, before, now)

    def _course(
        self, stage: _Stage, criterion: str, seen: Collection[ProbeCall]
    ) -> Sequence[tuple[datetime, Finding]]:
        """What is found of a criterion from a stage on, if no other followed, by when it begins."""
        heard = stage.heard[criterion]
        is_seen = bool(seen) and heard.rests_on(seen)
        if not is_seen and criterion in stage.courses:
            return stage.courses[criterion]
        turns = (last + INSTANT for last in heard.turns(self.as_of, seen if is_seen else _NONE))
        moments = [stage.since, *(moment for moment in turns if moment > stage.since)]
        course = [(moment, self._found(stage, criterion, moment, seen)) for moment in moments]
        if not is_seen:
            stage.courses[criterion] = course
        return course

    def _found(self, stage: _Stage, criterion: str, moment: datetime, seen: Collection[ProbeCall]) -> Finding:
        heard = stage.heard[criterion]
        if seen and heard.rests_on(seen):
            heard = heard.older(seen, moment - self.as_of)
        return heard.finding(moment)


_NONE = frozenset[ProbeCall]()


class _Line:
    """The three numbers of the index, moved along by what changes: sums of weight x level, exact."""

    def __init__(
        self,
        ruleset: Ruleset,
        found: Sequence[Sequence[Finding]],
        official: Mapping[str, Score],
    ) -> None:
        self._ruleset = ruleset
        self._layout = _layout(Same(ruleset))
        self._standing = [
            _Standing(tuple([mark_of(one) & COUNTS for one in own]), own[0].score, official.get(number))
            for number, own in zip(self._layout.numbers, found, strict=True)
        ]
        levels = [
            numbers_of(ruleset.instrument, indicator, *standing)
            for indicator, standing in zip(ruleset.instrument.indicators, self._standing, strict=True)
        ]
        self._sums = [
            sum(weight * own[which] for weight, own in zip(self._layout.weights, levels, strict=True))
            for which in _MEASURES
        ]
        self._told = list(self._sums)

    def copy(self) -> _Line:
        """Another line that goes on from here."""
        other = copy(self)
        other._standing, other._sums = self._standing[:], self._sums[:]
        return other

    def move(
        self, place: int, turned: Sequence[_Turn], official: Score | None
    ) -> tuple[Sequence[_Turn], _Costs]:
        """Let an indicator's criteria count as found from now on: those to tell of, and what they cost."""
        before = self._standing[place]
        marks, score, changed = list(before.marks), before.score, list[_Turn]()
        for turn in turned:
            mark = mark_of(turn.after) & COUNTS
            if mark != marks[turn.criterion] or turn.after.score != before.score:
                marks[turn.criterion], score = mark, turn.after.score
                changed.append(turn)
        if not changed and official == before.official:
            return (), {}
        after = _Standing(tuple(marks), score, official)
        self._standing[place] = after
        moved, costs = _moved(Same(self._ruleset), place, before, after)
        for which, amount in moved:
            self._sums[which] += amount
        if place in self._layout.borrowing:
            # One value makes the score: the first criterion speaks for all.
            changed = [turn for turn in changed if turn.criterion == 0]
        return changed, costs

    @property
    def has_moved(self) -> bool:
        """Whether it stands otherwise than at the last point."""
        return self._sums != self._told

    def point(self, at: datetime) -> Point:
        """The index as it stands."""
        self._told = list(self._sums)
        proven, provisional, possible = (Fraction(number, self._layout.whole) for number in self._sums)
        return Point(at, proven, provisional, possible, predikat(self._ruleset.instrument, provisional))


class _Standing(NamedTuple):
    """All that decides the levels of an indicator: what its criteria count for, and the levels given."""

    marks: tuple[int, ...]
    score: Score | None
    official: Score | None


_Costs = Mapping[int | None, tuple[Fraction, Fraction]]
"""What the index gains, proven and provisional, by a criterion (its place) or the official level (None)."""


@lru_cache(maxsize=1 << 14)
def _moved(
    same: Same, place: int, before: _Standing, after: _Standing
) -> tuple[Sequence[tuple[int, Score]], _Costs]:
    """By how much an indicator moves which sum of a line, and whose it is. Most moves were seen before."""
    assert isinstance(same.it, Ruleset)
    layout, norm = _layout(same), same.it.instrument
    indicator, weight = norm.indicators[place], layout.weights[place]
    levels = [
        numbers_of(norm, indicator, standing.marks, standing.score, standing.official)
        for standing in (before, after)
    ]
    amounts = [weight * (levels[1][which] - levels[0][which]) for which in _MEASURES]
    found = shares_of(
        norm,
        indicator,
        (before.marks, after.marks),
        (before.score, after.score),
        (before.official, after.official),
    )
    part = Fraction(weight, layout.whole)
    costs = {who: (part * share.proven, part * share.provisional) for who, share in found.items()}
    return [(which, amount) for which, amount in enumerate(amounts) if amount], costs


_MEASURES = (0, 2, 3)
"""Where `numbers_of` has the proven, the provisional and the possible level."""
_NOTHING = (Fraction(0), Fraction(0))


def _expiry(turn: _Turn, costs: tuple[Fraction, Fraction], by_fact: bool) -> Expiry:
    then, now = turn.before, turn.after
    aged = now.state == "stale" or (not by_fact and then.holds_or_carried)
    event: Event = "fact" if not aged else "stale" if now.is_carried else "lapsed"
    # What lapses is what was good until then.
    said = now if event == "fact" else then
    return Expiry(
        turn.at, now.indicator, now.criterion, event, said.answered_by, said.reason, said.evidence_ids, *costs
    )
