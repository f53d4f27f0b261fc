"""The index by date if nobody acts: the same facts judged again at every later moment at which they change.

Nothing new is captured. In `sources_run` the machines go on seeing what they see today, so that what is fresh
today by probe stays fresh, and what has already aged ages on; in `all_stops` they stop too. Statements expire
in both. Exact: the score of a later date without new loads is what `all_stops` says of it. It rises only
where a fact that is on file already begins to count later, such as a statement that holds from next month on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from transforms.attribution import Measure, shares
from transforms.index import predikat
from transforms.instrument import Indicator, Instrument, Probe, ProbeCall
from transforms.ruleset import Ruleset
from transforms.scoring import (
    EXTERNAL_INDEX_DAYS,
    Answer,
    Attested,
    ExternalValue,
    Finding,
    Freshness,
    IndicatorLevel,
    Score,
    judge,
    levels,
)

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


def forecast(ruleset: Ruleset, known: Sequence[Known], as_of: datetime, scenario: Scenario) -> Forecast:
    """The index from `as_of` on, to the last moment at which it changes.

    `known` is what is on file by when it begins to count, in order; the first from `as_of`.
    """
    instrument = ruleset.instrument
    reach = _reach(ruleset)
    findings = _judged(ruleset, instrument, known, as_of, as_of, scenario)
    now = _levels(instrument, findings, known[0].official)
    line = _Line(instrument, now)
    points, expiries = [line.point(as_of)], list[Expiry]()
    begins = {entry.since: _concerned(reach, before, entry) for before, entry in itertools.pairwise(known)}
    waiting = {moment: concerned for moment, concerned in begins.items() if concerned}
    _wait_for(waiting, ruleset, known[0], findings.values(), as_of)
    while waiting:
        moment = min(waiting)
        concerned = waiting.pop(moment)
        # Only what may change now is judged again: the rest is as it was.
        part = instrument.model_copy(
            update={"indicators": tuple(i for i in instrument.indicators if i.number in concerned)}
        )
        entry = _in_force(known, moment)
        again = _judged(ruleset, part, known, as_of, moment, scenario)
        then, after = findings | again, now | _levels(part, again, entry.official)
        # What carries a criterion from here on may be other evidence, with a grace period of its own. What is
        # still seen is not waited for again: it would be seen for ever.
        known_otherwise = moment in begins
        others = [f for c, f in again.items() if known_otherwise or f.answered_by != findings[c].answered_by]
        _wait_for(waiting, ruleset, entry, others, moment)
        expiries += _expiries(line, part, moment, (findings, then), (now, after), known_otherwise)
        line.move(concerned, now, after)
        point = line.point(moment)
        if replace(point, at=points[-1].at) != points[-1]:
            points.append(point)
        findings, now = then, after
    return Forecast(scenario, tuple(points), tuple(expiries))


@dataclass(frozen=True)
class _Reach:
    """The numbers of the indicators that each kind of input can move."""

    everything: frozenset[str]
    by_call: Mapping[ProbeCall, Set[str]]
    by_statement: Mapping[str, Set[str]]
    by_index: Mapping[str, Set[str]]


def _reach(ruleset: Ruleset) -> _Reach:
    calls: dict[ProbeCall, set[str]] = {}
    statements: dict[str, set[str]] = {}
    indices: dict[str, set[str]] = {}
    for indicator in ruleset.instrument.indicators:
        for criterion in indicator.criteria:
            rule = ruleset.rules.rule(criterion.id)
            for call in (*rule.met_by, *rule.refuted_by):
                calls.setdefault(call, set()).add(indicator.number)
            statements.setdefault(_place(criterion.id), set()).add(indicator.number)
            if rule.external_index:
                indices.setdefault(rule.external_index, set()).add(indicator.number)

    everything = frozenset(indicator.number for indicator in ruleset.instrument.indicators)
    return _Reach(everything, calls, statements, indices)


def _place(criterion: str) -> str:
    """The indicator's part of a criterion's id, or of a whole level's: ``I13`` of ``I13.3``."""
    return criterion.partition(".")[0]


def _concerned(reach: _Reach, before: Known, after: Known) -> frozenset[str]:
    """The indicators that may change where one entry follows another."""
    if before.freshness != after.freshness:
        return reach.everything
    nobody = frozenset[str]()
    signed = {_place(a.criterion) for a in {*before.attestations} ^ {*after.attestations}}
    return nobody.union(
        *(reach.by_call.get(call, nobody) for call in _differing(before.answers, after.answers)),
        *(reach.by_statement.get(indicator, nobody) for indicator in signed),
        *(reach.by_index.get(index, nobody) for index in _differing(before.external, after.external)),
        reach.everything & _differing(before.official, after.official),
    )


def _differing(before: Mapping[Any, object], after: Mapping[Any, object]) -> set[Any]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


class _Line:
    """The three numbers of the index, moved along by what changes: sums of weight x level, exact."""

    def __init__(self, instrument: Instrument, found: Mapping[str, IndicatorLevel]) -> None:
        self.instrument = instrument
        weights = {number: Fraction(level.weight) for number, level in found.items()}
        whole = sum(weights.values(), Fraction(0))
        self.weights = {number: weight / whole for number, weight in weights.items()}
        self.numbers = {measure: Fraction(0) for measure in _MEASURES}
        for number, level in found.items():
            for measure in _MEASURES:
                self.numbers[measure] += self.weights[number] * Fraction(getattr(level, measure))

    def move(
        self,
        concerned: Iterable[str],
        before: Mapping[str, IndicatorLevel],
        after: Mapping[str, IndicatorLevel],
    ) -> None:
        for number in concerned:
            for measure in _MEASURES:
                old, new = getattr(before[number], measure), getattr(after[number], measure)
                if old != new:
                    self.numbers[measure] += self.weights[number] * (Fraction(new) - Fraction(old))

    def point(self, at: datetime) -> Point:
        proven, provisional, possible = (self.numbers[measure] for measure in _MEASURES)
        return Point(at, proven, provisional, possible, predikat(self.instrument, provisional))


def _in_force(known: Sequence[Known], moment: datetime) -> Known:
    return [known[0], *(entry for entry in known[1:] if entry.since <= moment)][-1]


def _judged(
    ruleset: Ruleset,
    part: Instrument,
    known: Sequence[Known],
    as_of: datetime,
    moment: datetime,
    scenario: Scenario,
) -> dict[str, Finding]:
    entry = _in_force(known, moment)
    answers = entry.answers
    if scenario == "sources_run":
        answers = {}
        rules = (ruleset.rules.rule(c.id) for indicator in part.indicators for c in indicator.criteria)
        for call in {call for rule in rules for call in rule.calls} & entry.answers.keys():
            probe, answer = ruleset.probes[call.probe], entry.answers[call]
            # Whether checks go on is not for the calendar to say: what they showed today, they show then.
            if probe.kind == "uptime":
                answer = known[0].answers.get(call, answer)
            answers[call] = _still_seen(answer, probe, entry.freshness, as_of, moment)
    places = {_place(c.id) for indicator in part.indicators for c in indicator.criteria}
    found = judge(
        ruleset.rules,
        part,
        ruleset.probes,
        answers,
        [statement for statement in entry.attestations if _place(statement.criterion) in places],
        entry.freshness,
        moment,
        entry.external,
    )
    return {finding.criterion: finding for finding in found}


def _still_seen(
    answer: Answer, probe: Probe, freshness: Mapping[str, Freshness], as_of: datetime, moment: datetime
) -> Answer:
    """An answer that is fresh today, as old then as it is today."""
    if answer.observed_at is None or as_of > answer.observed_at + freshness[probe.kind].ttl:
        return answer
    return replace(answer, observed_at=answer.observed_at + (moment - as_of))


def _wait_for(
    waiting: dict[datetime, frozenset[str]],
    ruleset: Ruleset,
    entry: Known,
    findings: Iterable[Finding],
    after: datetime,
) -> None:
    """Note when findings stop being fresh and carried, with the indicators that this concerns."""
    for finding in findings:
        if finding.expires_at is None or not finding.holds_or_carried:
            continue
        for grace in (timedelta(0), *_graces(ruleset, entry, finding)):
            moment = finding.expires_at + grace + INSTANT
            if moment > after:
                waiting[moment] = waiting.get(moment, frozenset()) | {finding.indicator}


def _graces(ruleset: Ruleset, entry: Known, finding: Finding) -> set[timedelta]:
    """The grace period of what answered; every one there is where it does not say."""
    name = finding.answered_by.removeprefix("probe ")
    if finding.answered_by == "atestasi":
        return {entry.freshness["attestation"].grace}
    if name in ruleset.probes:
        return {entry.freshness[ruleset.probes[name].kind].grace}
    if finding.answered_by.startswith("nilai indeks "):
        return {entry.freshness.get("external_index", Freshness(*EXTERNAL_INDEX_DAYS)).grace}
    return {limits.grace for limits in entry.freshness.values()}


def _levels(
    instrument: Instrument, findings: Mapping[str, Finding], official: Mapping[str, Score | Decimal]
) -> dict[str, IndicatorLevel]:
    own = [findings[criterion.id] for indicator in instrument.indicators for criterion in indicator.criteria]
    return {level.indicator: level for level in levels(instrument, own, official)}


def _expiries(
    line: _Line,
    part: Instrument,
    at: datetime,
    findings: tuple[Mapping[str, Finding], Mapping[str, Finding]],
    found: tuple[Mapping[str, IndicatorLevel], Mapping[str, IndicatorLevel]],
    by_fact: bool,
) -> list[Expiry]:
    before, after = findings
    rows = []
    for indicator in part.indicators:
        weight = line.weights[indicator.number]
        known = (found[0][indicator.number].official, found[1][indicator.number].official)
        changed = [c.id for c in indicator.criteria if _counts(before[c.id]) != _counts(after[c.id])]
        if indicator.score_from == "external_index":
            # One value makes the score: the first criterion speaks for all.
            changed = [indicator.criteria[0].id] if changed else []
        if not changed and known[0] == known[1]:
            continue
        proven, provisional = (shares(part, indicator, before, after, known, measure) for measure in _COSTS)
        for criterion in (*changed, *([None] if known[0] != known[1] else [])):
            costs = (
                weight * proven.get(criterion, Fraction(0)),
                weight * provisional.get(criterion, Fraction(0)),
            )
            rows.append(_expiry(at, indicator, criterion, before, after, costs, by_fact))
    return rows


_COSTS: tuple[Measure, Measure] = ("proven", "provisional")
_MEASURES: tuple[Measure, Measure, Measure] = ("proven", "provisional", "possible")


def _expiry(
    at: datetime,
    indicator: Indicator,
    criterion: str | None,
    before: Mapping[str, Finding],
    after: Mapping[str, Finding],
    costs: tuple[Fraction, Fraction],
    by_fact: bool,
) -> Expiry:
    if criterion is None:
        return Expiry(at, indicator.number, None, "fact", "nilai resmi", "", (), *costs)
    then, now = before[criterion], after[criterion]
    aged = now.state == "stale" or (not by_fact and then.holds_or_carried)
    event: Event = "fact" if not aged else "stale" if now.is_carried else "lapsed"
    # What lapses is what was good until then.
    said = now if event == "fact" else then
    return Expiry(
        at, indicator.number, criterion, event, said.answered_by, said.reason, said.evidence_ids, *costs
    )


def _counts(finding: Finding) -> tuple[bool, bool, bool, Fraction | None]:
    return finding.holds, finding.holds_or_carried, finding.is_open, finding.score
