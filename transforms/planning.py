"""From the state of every criterion to what raising an indicator takes, and to the cheapest way to a target.

What a rise is worth is not assumed but scored: for each level, the findings are changed as if its criteria
were met, and `transforms.levels` says what the provisional level then is. So a plan carried out to the
letter gives exactly the index it promises. For each level there are two ways:

- *everything*: all criteria of the level and of those it builds on that do not count yet;
- *lift*: only the refuted ones among them, where an official result already grants the level.

What each costs, how long it takes and what it needs first are assumptions: the norm says nothing about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from transforms.finding import Finding
from transforms.index import exact, predikat
from transforms.instrument import Indicator, Instrument
from transforms.levels import levels as levels_of
from transforms.plan_search import Found, Ladder, Need, Option, PlanError, Search, Step, Timed
from transforms.views import CriterionView, IndicatorView

Kind = Literal["new", "refuted", "acknowledged"]
DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class Prerequisite:
    """Raising `indicator` to `level` or above needs the indicator `needs` at level `at` first."""

    indicator: str
    level: int
    needs: str
    at: int


@dataclass(frozen=True)
class Assumptions:
    """What a plan takes for granted; none of it stands in the norm.

    Costs are in `unit`: what one missing criterion of a level costs, times `refuted_factor` where it is
    refuted and `acknowledged_factor` where an official result already grants its level and only the paper is
    missing here, times the factor of its indicator. `days` is how long one level of one indicator takes. An
    indicator that the norm says builds on another needs that one `norm_lag` levels lower, from
    `norm_from_level` on (None: never). `capacity` is what an owner can bear in 30 days.
    """

    unit: str
    criterion_costs: Mapping[int, Decimal]
    refuted_factor: Decimal
    acknowledged_factor: Decimal
    indicator_factors: Mapping[str, Decimal]
    days: Mapping[int, int]
    norm_from_level: int | None
    norm_lag: int
    prerequisites: Sequence[Prerequisite] = ()
    capacity: Mapping[str, Decimal] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    highest: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """One criterion that a step has to meet, with what it costs."""

    criterion: str
    text: str
    state: str
    kind: Kind
    reason: str
    owner: str
    remedy: str
    cost: Fraction


@dataclass(frozen=True)
class PlannedStep:
    """One step: when it can begin and be done at the earliest, and when it has to begin at the latest.

    `needs` are the other steps of the plan that come first.
    """

    indicator: str
    short_name: str
    level: int
    reaches: Fraction
    cost: Fraction
    starts: date
    ends: date
    starts_at_latest: date
    needs: tuple[Need, ...]
    missing: tuple[Missing, ...]

    @property
    def owners(self) -> tuple[str, ...]:
        """Who has something to do, in the order of the criteria."""
        return tuple(dict.fromkeys(missing.owner for missing in self.missing))


@dataclass(frozen=True)
class Rise:
    """One indicator raised, and what that adds to the index, exactly."""

    indicator: str
    short_name: str
    weight: Decimal
    before: Fraction
    after: Fraction
    contribution: Fraction
    cost: Fraction


@dataclass(frozen=True)
class Plan:
    """A set of rises with its whole cost, the index it reaches exactly, and its steps in order."""

    cost: Fraction
    index: Fraction
    predikat: str
    done_on: date
    rises: tuple[Rise, ...]
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True)
class Planned:
    """The answer: the cheapest plan and the next ones, or, where no plan reaches the target, `most`.

    `too_late` are the rises, as (indicator, value), that cannot end by the deadline.
    """

    index: Fraction
    target: Fraction
    starts: date
    by: date
    plans: tuple[Plan, ...]
    most: Plan | None
    too_late: tuple[tuple[str, Fraction], ...]


def plan(
    instrument: Instrument,
    indicators: Sequence[IndicatorView],
    assumptions: Assumptions,
    *,
    target: Fraction,
    starts: date,
    by: date,
    alternatives: int = 2,
) -> Planned:
    """The cheapest plan from where `indicators` stand, and so many alternatives, each minimal in itself.

    The target is compared with the exact index, before any rounding. A step is in time when it ends on `by`
    or before. Raises PlanError where the question cannot be, or where the scores do not follow from the norm.
    """
    if not 1 <= target <= 5:
        raise PlanError(f"target {exact(target):f} is not between 1 and 5")
    if by <= starts:
        raise PlanError(f"the deadline {by} is not after the start {starts}")
    _check_names(instrument, assumptions)
    days = (by - starts).days
    views = {view.number: view for view in indicators}
    builder = _Builder(instrument, views, assumptions)
    ladders = [builder.ladder(indicator) for indicator in instrument.indicators]
    months = Fraction(days, DAYS_PER_MONTH)
    capacity = {owner: Fraction(value) * months for owner, value in assumptions.capacity.items()}
    search = Search(ladders, days=days, capacity=capacity)

    def dated(found: Found) -> Plan:
        return _dated(instrument, builder, ladders, found, starts)

    plans = tuple(dated(found) for found in search.cheapest(target, 1 + alternatives))
    late = sorted({(option.indicator, option.value) for option in search.too_late})
    return Planned(
        search.index,
        target,
        starts,
        by,
        plans,
        None if plans else dated(search.highest()),
        tuple(late),
    )


def _check_names(instrument: Instrument, assumptions: Assumptions) -> None:
    known = {indicator.number for indicator in instrument.indicators}
    named = {
        "costs.indicators": assumptions.indicator_factors,
        "fixed": assumptions.fixed,
        "highest": assumptions.highest,
        "prerequisites": [p.indicator for p in assumptions.prerequisites]
        + [p.needs for p in assumptions.prerequisites],
    }
    problems = [
        f"plan.{key}: {instrument.id} has no indicator {number!r}"
        for key, numbers in named.items()
        for number in sorted(set(numbers) - known)
    ]
    if problems:
        raise PlanError("; ".join(problems))


class _Builder:
    """Ladders from findings; remembers what each step has to meet."""

    def __init__(
        self, instrument: Instrument, views: Mapping[str, IndicatorView], assumptions: Assumptions
    ) -> None:
        self.instrument = instrument
        self.assumptions = assumptions
        self.views = views
        self.missing: dict[Step, tuple[Missing, ...]] = {}
        self._order = {indicator.number: n for n, indicator in enumerate(instrument.indicators)}
        self._total = sum((indicator.weight for indicator in instrument.indicators), Decimal(0))
        self._level_values: dict[tuple[str, int], Fraction] = {}

    def ladder(self, indicator: Indicator) -> Ladder:
        """The indicator's options, each the cheapest way to its value. Raises PlanError."""
        view = self.views.get(indicator.number)
        again = "run pantau score and pantau publish, then plan again"
        if view is None or {c.criterion for c in view.criteria} != {c.id for c in indicator.criteria}:
            raise PlanError(f"the last score knows other criteria of indicator {indicator.number}; {again}")
        share = Fraction(indicator.weight) / Fraction(self._total)
        if indicator.score_from == "external_index":
            # Its score is another body's index: no criterion of ours raises it.
            return Ladder(indicator.number, share, Fraction(view.provisional), ())
        findings = {criterion.criterion: _finding(view, criterion) for criterion in view.criteria}
        now = self._value(indicator, findings, view.official)
        if now != Fraction(view.provisional):
            raise PlanError(
                f"indicator {indicator.number} was scored {view.provisional}; today's rules make it "
                f"{exact(now):f}; {again}"
            )
        options: dict[Fraction, Option] = {}
        for option in self._ways(indicator, view, findings, now):
            known = options.get(option.value)
            if known is None or option.cost < known.cost:
                options[option.value] = option
        keep = tuple(
            option
            for value, option in sorted(options.items())
            if not any(_is_better(other, option) for other in options.values())
        )
        return Ladder(indicator.number, share, now, keep)

    def _ways(
        self,
        indicator: Indicator,
        view: IndicatorView,
        findings: Mapping[str, Finding],
        now: Fraction,
    ) -> Iterable[Option]:
        if indicator.number in self.assumptions.fixed:
            return
        most = self.assumptions.highest.get(indicator.number)
        for level in indicator.levels:
            rung = [c.id for n in _chain(indicator, level.level) for c in indicator.level(n).criteria]
            lift = {c for c in rung if findings[c].state == "not_met"}
            everything = {c for c in rung if not findings[c].holds_or_carried}
            for met in (lift, everything) if lift != everything else (everything,):
                value = self._value(indicator, _as_if(findings, met), view.official)
                if value <= now or (most is not None and value > self._level_value(indicator, most)):
                    continue
                yield Option(indicator.number, value, tuple(self._steps(indicator, view, findings, met, now)))

    def _steps(
        self,
        indicator: Indicator,
        view: IndicatorView,
        findings: Mapping[str, Finding],
        met: set[str],
        now: Fraction,
    ) -> Iterable[Step]:
        """The criteria to be met, level by level; bare paperwork goes with the first level that is work."""
        waiting: list[Missing] = []
        done: set[str] = set()
        asked: set[Need] = set()
        levels = [level for level in indicator.levels if any(c.id in met for c in level.criteria)]
        for level in levels:
            is_granted = view.official is not None and self._level_value(indicator, level.level) <= Fraction(
                view.official
            )
            for criterion in view.criteria:
                if criterion.criterion in met and criterion.level == level.level:
                    waiting.append(self._missing(indicator, criterion, is_granted))
                    done.add(criterion.criterion)
            if all(m.kind == "acknowledged" for m in waiting) and level is not levels[-1]:
                continue
            needs = () if is_granted else tuple(self._needs(indicator, level.level, now))
            costs: dict[str, Fraction] = {}
            for one in waiting:
                costs[one.owner] = costs.get(one.owner, Fraction(0)) + one.cost
            step = Step(
                indicator.number,
                level.level,
                self._value(indicator, _as_if(findings, done), view.official),
                self.assumptions.days[level.level],
                tuple(costs.items()),
                tuple(need for need in needs if need not in asked),
            )
            asked |= set(needs)
            self.missing[step] = tuple(waiting)
            waiting = []
            yield step

    def _missing(self, indicator: Indicator, view: CriterionView, is_granted: bool) -> Missing:
        assumed = self.assumptions
        kind: Kind = "refuted" if view.state == "not_met" else "acknowledged" if is_granted else "new"
        factor = {"refuted": assumed.refuted_factor, "acknowledged": assumed.acknowledged_factor}.get(
            kind, Decimal(1)
        )
        factor *= assumed.indicator_factors.get(indicator.number, Decimal(1))
        return Missing(
            criterion=view.criterion,
            text=view.text,
            state=view.state,
            kind=kind,
            reason=view.reason,
            owner=view.owner,
            remedy=view.remedy,
            cost=Fraction(assumed.criterion_costs[view.level]) * Fraction(factor),
        )

    def _needs(self, indicator: Indicator, level: int, now: Fraction) -> Iterable[Need]:
        """What has to stand first: from the norm, and from the institution's file."""
        assumed = self.assumptions
        asked: dict[str, int] = {}
        if assumed.norm_from_level is not None and level >= assumed.norm_from_level:
            for other in indicator.depends_on:
                # The norm's notes name both what an indicator builds on and what builds on it. The basis is
                # printed first (policy before practice, plan before budget), so a later one is no basis.
                if self._order[other] < self._order[indicator.number]:
                    asked[other] = level - assumed.norm_lag
        for given in assumed.prerequisites:
            is_above = now < self._level_value(indicator, given.level)
            if given.indicator == indicator.number and level >= given.level and is_above:
                asked[given.needs] = max(asked.get(given.needs, 0), given.at)
        for other, at in asked.items():
            if at > 1:
                yield Need(other, at, self._level_value(self.instrument.indicator(other), at))

    def _level_value(self, indicator: Indicator, level: int) -> Fraction:
        """What an indicator is worth with exactly that level fulfilled and no official result."""
        key = (indicator.number, level)
        if key not in self._level_values:
            view = self.views[indicator.number]
            blank = {
                c.criterion: _finding(view, c)._replace(state="unknown", is_carried=False)
                for c in view.criteria
            }
            met = {c.id for n in _chain(indicator, level) for c in indicator.level(n).criteria}
            self._level_values[key] = self._value(indicator, _as_if(blank, met), None)
        return self._level_values[key]

    def _value(
        self,
        indicator: Indicator,
        findings: Mapping[str, Finding],
        official: Any,
    ) -> Fraction:
        alone = self.instrument.model_copy(update={"indicators": (indicator,)})
        known = {} if official is None else {indicator.number: official}
        (level,) = levels_of(alone, findings.values(), known)
        return Fraction(level.provisional)


def _chain(indicator: Indicator, level: int) -> tuple[int, ...]:
    """A level and all that it builds on, from the top down."""
    chain = []
    while level > 0:
        chain.append(level)
        level = indicator.level(level).builds_on
    return tuple(chain)


def _as_if(findings: Mapping[str, Finding], met: set[str]) -> dict[str, Finding]:
    """The findings, were those criteria met."""
    return {
        key: finding._replace(state="met", is_carried=False) if key in met else finding
        for key, finding in findings.items()
    }


def _finding(view: IndicatorView, criterion: CriterionView) -> Finding:
    return Finding(
        criterion=criterion.criterion,
        indicator=view.number,
        level=criterion.level,
        state=criterion.state,  # type: ignore[arg-type]
        is_fresh=criterion.is_fresh,
        is_carried=criterion.is_carried,
        reason=criterion.reason,
        evidence_ids=(),
        observed_at=criterion.observed_at,
        expires_at=criterion.expires_at,
        answered_by=criterion.answered_by,
        hint=criterion.hint,
    )


def _is_better(other: Option, option: Option) -> bool:
    """Worth more, and in no respect dearer, longer or harder."""
    owners = {name for step in other.steps for name, _ in step.costs}
    needed = {need for step in option.steps for need in step.needs}
    return (
        other.value > option.value
        and other.cost <= option.cost
        and all(other.cost_of(owner) <= option.cost_of(owner) for owner in owners)
        and sum(step.days for step in other.steps) <= sum(step.days for step in option.steps)
        and all(need in needed for step in other.steps for need in step.needs)
    )


def _dated(
    instrument: Instrument, builder: _Builder, ladders: Sequence[Ladder], found: Found, starts: date
) -> Plan:
    ladder = {one.indicator: one for one in ladders}
    short_names = {indicator.number: indicator.short_name for indicator in instrument.indicators}

    def step(timed: Timed) -> PlannedStep:
        one = timed.step
        return PlannedStep(
            indicator=one.indicator,
            short_name=short_names[one.indicator],
            level=one.level,
            reaches=one.reaches,
            cost=sum((cost for _, cost in one.costs), Fraction(0)),
            starts=starts + timedelta(days=timed.earliest),
            ends=starts + timedelta(days=timed.earliest + one.days),
            starts_at_latest=starts + timedelta(days=timed.latest),
            needs=tuple(need for need in one.needs if ladder[need.indicator].value < need.value),
            missing=builder.missing[one],
        )

    steps = tuple(step(timed) for timed in found.steps)
    return Plan(
        cost=found.cost,
        index=found.index,
        predikat=predikat(instrument, found.index),
        done_on=max((one.ends for one in steps), default=starts),
        rises=tuple(
            Rise(
                indicator=option.indicator,
                short_name=short_names[option.indicator],
                weight=instrument.indicator(option.indicator).weight,
                before=ladder[option.indicator].value,
                after=option.value,
                contribution=ladder[option.indicator].share * (option.value - ladder[option.indicator].value),
                cost=option.cost,
            )
            for option in found.options
        ),
        steps=steps,
    )
