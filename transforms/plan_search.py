"""The cheapest set of rises that reaches a target: an integer programme, solved by HiGHS, checked exactly.

Pure combinatorics over *ladders*: `transforms/planning.py` builds them from a norm and its findings. One
binary variable per option of a ladder; at most one option of each is chosen. Everything the solver sees is an
integer; what it answers is checked again in fractions, since a solver works in floats with a tolerance.

Order in time is not part of the programme: a chosen set has one earliest calendar (each step as soon as what
it rests on is done), and a set whose calendar ends too late is cut off and the programme solved again. The
cut names only the options that the late step hangs on, so it excludes nothing that could be in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

SOLVER_SECONDS = 60
"""How long one solution may take before it is given up with an error, never with a worse answer."""


class PlanError(Exception):
    """A plan that cannot be made from what was given; the message says what to change."""


class SolverError(Exception):
    """The solver gave no answer, or one that does not hold when it is checked exactly."""


@dataclass(frozen=True)
class Need:
    """An indicator that has to stand at `value` (its `level`) before a step begins."""

    indicator: str
    level: int
    value: Fraction


@dataclass(frozen=True)
class Step:
    """One rung of an option: `reaches` is the indicator's value once it is done; `costs` by owner."""

    indicator: str
    level: int
    reaches: Fraction
    days: int
    costs: tuple[tuple[str, Fraction], ...]
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Option:
    """One way to raise an indicator to `value`: its steps, one after another."""

    indicator: str
    value: Fraction
    steps: tuple[Step, ...]

    @cached_property
    def cost(self) -> Fraction:
        """What all its steps cost."""
        return sum((cost for step in self.steps for _, cost in step.costs), Fraction(0))

    def cost_of(self, owner: str) -> Fraction:
        """What its steps cost one owner."""
        costs = (cost for step in self.steps for name, cost in step.costs if name == owner)
        return sum(costs, Fraction(0))


@dataclass(frozen=True)
class Ladder:
    """An indicator with its share of the index (all shares sum to 1), where it stands, and its options."""

    indicator: str
    share: Fraction
    value: Fraction
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Timed:
    """A step with the days, counted from the start, on which it can begin at the earliest and the latest."""

    step: Step
    earliest: int
    latest: int


@dataclass(frozen=True)
class Found:
    """A set of options with its cost, the index it reaches, and its steps in an order that can be kept."""

    options: tuple[Option, ...]
    cost: Fraction
    index: Fraction
    steps: tuple[Timed, ...]


Chosen = Mapping[str, Option]


class Search:
    """The plans over some ladders: within `days` (None: any time) and the `capacity` of each owner named.

    `too_late` are the options that cannot end in time. Raises PlanError when needs form a circle.
    """

    def __init__(
        self, ladders: Sequence[Ladder], *, days: int | None, capacity: Mapping[str, Fraction] | None = None
    ) -> None:
        self.days = days
        self.capacity = dict(capacity or {})
        self.index = sum((ladder.share * ladder.value for ladder in ladders), Fraction(0))
        self.too_late: list[Option] = []
        self._ladders = {ladder.indicator: ladder for ladder in ladders}
        self._soonest: dict[tuple[str, Fraction], int | None] = {}
        self._open = {name: self._in_time(ladder) for name, ladder in self._ladders.items()}
        self._options = [option for name in self._ladders for option in self._open[name]]

    def cheapest(self, target: Fraction, count: int = 1) -> tuple[Found, ...]:
        """The `count` cheapest plans whose index is at least `target`, cheapest first; empty when none is.

        A plan that does all of an earlier one and more is none of them: every plan given is minimal.
        """
        found: list[Found] = []
        cuts: list[tuple[Option, ...]] = []
        while len(found) < count:
            chosen = self._solve(self._costs(), target, cuts)
            if chosen is None:
                break
            plan = self._checked(chosen, target)
            found.append(plan)
            if not plan.options:
                break
            cuts.append(plan.options)
        return tuple(found)

    def highest(self) -> Found:
        """The plan with the highest index there is; among those, the cheapest."""
        gains = [-self._gain(option) for option in self._options]
        best = self._solve(gains, self.index, [])
        if best is None:
            raise SolverError("the solver found no plan at all, though doing nothing is one")
        top = self._checked(best, self.index).index
        cheapest = self._solve(self._costs(), top, [])
        if cheapest is None:
            raise SolverError(f"the solver reached {float(top):.4f} and then said that it cannot be reached")
        return self._checked(cheapest, top)

    def calendar(self, chosen: Chosen) -> tuple[Timed, ...]:
        """The steps of a set of options, in the order of their earliest beginnings.

        The latest beginning is the last that still lets everything end in time; without a last day, at the
        end of the earliest calendar.
        """
        begins: dict[Step, int] = {}
        after: dict[Step, list[Step]] = {}
        for option in chosen.values():
            for step in option.steps:
                begins[step] = self._begin(step, chosen)
                for before in self._before(step, chosen):
                    after.setdefault(before, []).append(step)
        order = sorted(begins, key=lambda step: begins[step])
        end = max((begins[step] + step.days for step in order), default=0)
        last = end if self.days is None else self.days
        latest: dict[Step, int] = {}
        return tuple(Timed(step, begins[step], self._latest(step, after, last, latest)) for step in order)

    def _latest(
        self, step: Step, after: Mapping[Step, Sequence[Step]], last: int, latest: dict[Step, int]
    ) -> int:
        if step not in latest:
            ends = [self._latest(follower, after, last, latest) for follower in after.get(step, ())]
            latest[step] = min([last, *ends]) - step.days
        return latest[step]

    def _in_time(self, ladder: Ladder) -> tuple[Option, ...]:
        """The options whose needs can be met at all, and that end in time when all goes as soon as can be."""
        keep = []
        for option in ladder.options:
            soonest = self._along(option, option.value, {})
            if soonest is not None and self.days is not None and soonest > self.days:
                self.too_late.append(option)
            elif soonest is not None:
                keep.append(option)
        return tuple(keep)

    def _along(self, option: Option, value: Fraction, path: Mapping[tuple[str, Fraction], str]) -> int | None:
        """When an option reaches `value`, if all it needs is there as soon as can be; None: never."""
        now = 0
        for step in option.steps:
            for need in self._unmet(step):
                ready = self._earliest(need, path)
                if ready is None:
                    return None
                now = max(now, ready)
            now += step.days
            if step.reaches >= value:
                break
        return now

    def _earliest(self, need: Need, path: Mapping[tuple[str, Fraction], str]) -> int | None:
        key = (need.indicator, need.value)
        if key in path:
            circle = [*list(path.values())[list(path).index(key) :], path[key]]
            raise PlanError(
                f"rises need each other in a circle: {' -> '.join(circle)}; "
                "take one out of plan.prerequisites"
            )
        if key not in self._soonest:
            deeper = {**path, key: f"I{need.indicator} level {need.level}"}
            ways = [
                self._along(option, need.value, deeper)
                for option in self._ladders[need.indicator].options
                if option.value >= need.value
            ]
            self._soonest[key] = min((way for way in ways if way is not None), default=None)
        return self._soonest[key]

    def _unmet(self, step: Step) -> list[Need]:
        return [need for need in step.needs if self._ladders[need.indicator].value < need.value]

    def _before(self, step: Step, chosen: Chosen) -> list[Step]:
        """The steps that must be done before one: the one below it, and those that meet its needs."""
        steps = chosen[step.indicator].steps
        position = steps.index(step)
        before = [steps[position - 1]] if position else []
        for need in self._unmet(step):
            meeting = chosen[need.indicator].steps
            before.append(next(s for s in meeting if s.reaches >= need.value))
        return before

    def _begin(self, step: Step, chosen: Chosen) -> int:
        return max((self._begin(b, chosen) + b.days for b in self._before(step, chosen)), default=0)

    def _hangs_on(self, step: Step, chosen: Chosen) -> set[str]:
        """The indicators whose options decide when a step begins."""
        on = {step.indicator}
        for before in self._before(step, chosen):
            on |= self._hangs_on(before, chosen)
        return on

    def _gain(self, option: Option) -> Fraction:
        ladder = self._ladders[option.indicator]
        return ladder.share * (option.value - ladder.value)

    def _costs(self) -> list[Fraction]:
        return [option.cost for option in self._options]

    def _solve(
        self, objective: Sequence[Fraction], target: Fraction, cuts: Sequence[Sequence[Option]]
    ) -> Chosen | None:
        """The options that make `objective` least, in time; None where nothing satisfies all."""
        rows = [*self._rows(target), *(self._not_all_of(plan) for plan in cuts)]
        while True:
            answer = _milp(_integers(objective), rows)
            if answer is None:
                return None
            chosen = {o.indicator: o for o, taken in zip(self._options, answer, strict=True) if taken}
            if self.days is None:
                return chosen
            late = [
                step
                for option in chosen.values()
                for step in option.steps
                if self._begin(step, chosen) + step.days > self.days
            ]
            if not late:
                return chosen
            for step in late:
                hung = self._hangs_on(step, chosen)
                row = [int(o is chosen.get(o.indicator) and o.indicator in hung) for o in self._options]
                rows.append(_Row(row, None, sum(row) - 1))

    def _rows(self, target: Fraction) -> list[_Row]:
        options = self._options
        rows = [
            _Row([int(o.indicator == ladder.indicator) for o in options], None, 1)
            for ladder in self._ladders.values()
            if self._open[ladder.indicator]
        ]
        rows.append(_at_least([self._gain(o) for o in options], target - self.index))
        for position, option in enumerate(options):
            for need in {need for step in option.steps for need in self._unmet(step)}:
                row = [-int(o.indicator == need.indicator and o.value >= need.value) for o in options]
                row[position] += 1
                rows.append(_Row(row, None, 0))
        for owner, capacity in self.capacity.items():
            rows.append(_at_least([-o.cost_of(owner) for o in options], -capacity))
        return rows

    def _not_all_of(self, plan: Iterable[Option]) -> _Row:
        reached = {option.indicator: option.value for option in plan}
        row = [int(o.indicator in reached and o.value >= reached[o.indicator]) for o in self._options]
        return _Row(row, None, len(reached) - 1)

    def _checked(self, chosen: Chosen, target: Fraction) -> Found:
        """The plan of a choice, with every condition gone through again in fractions."""
        index = self.index + sum((self._gain(option) for option in chosen.values()), Fraction(0))
        wrong = []
        if index < target:
            wrong.append(f"index {index} is below the target {target}")
        for option in chosen.values():
            for step in option.steps:
                for need in self._unmet(step):
                    other = chosen.get(need.indicator)
                    if other is None or other.value < need.value:
                        wrong.append(f"{option.indicator} needs {need.indicator} at level {need.level}")
        for owner, capacity in self.capacity.items():
            used = sum((option.cost_of(owner) for option in chosen.values()), Fraction(0))
            if used > capacity:
                wrong.append(f"{owner} has {capacity} and would need {used}")
        if not wrong:
            steps = self.calendar(chosen)
            if self.days is None or all(t.earliest + t.step.days <= self.days for t in steps):
                cost = sum((option.cost for option in chosen.values()), Fraction(0))
                return Found(tuple(chosen.values()), cost, index, steps)
            wrong.append(f"a step ends after day {self.days}")
        raise SolverError("the solver's answer does not hold: " + "; ".join(wrong))


@dataclass(frozen=True)
class _Row:
    """A condition on the variables, in integers: `low` <= coefficients . x <= `high`."""

    coefficients: list[int]
    low: int | None
    high: int | None


def _at_least(coefficients: Sequence[Fraction], low: Fraction) -> _Row:
    """coefficients . x >= low, over the smallest whole numbers that say the same for x of 0 and 1."""
    scale = math.lcm(1, *(value.denominator for value in coefficients))
    whole = [int(value * scale) for value in coefficients]
    divisor = math.gcd(*whole) or 1
    return _Row([value // divisor for value in whole], math.ceil(low * scale / divisor), None)


def _integers(values: Sequence[Fraction]) -> list[int]:
    return _at_least(values, Fraction(0)).coefficients


def _milp(objective: Sequence[int], rows: Sequence[_Row]) -> list[bool] | None:
    """Values of the binary variables that make the objective least; None where the rows contradict."""
    if not objective:
        holds = all((row.low is None or row.low <= 0) and (row.high is None or row.high >= 0) for row in rows)
        return [] if holds else None
    # SciPy costs a third of a second, and only plans need it.
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    result = milp(
        np.array(objective, dtype=float),
        integrality=np.ones(len(objective)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            np.array([row.coefficients for row in rows], dtype=float),
            [-np.inf if row.low is None else row.low for row in rows],
            [np.inf if row.high is None else row.high for row in rows],
        ),
        options={"mip_rel_gap": 0, "time_limit": SOLVER_SECONDS},
    )
    if result.status == 2:
        return None
    if result.status != 0 or result.x is None:
        raise SolverError(f"the solver gave no answer: {result.message}")
    return [bool(value > 0.5) for value in result.x]
