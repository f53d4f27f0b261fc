"""The integer programme against brute force: every set of rises of a small instrument, gone through one by one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from transforms.plan_search import Found, Ladder, Need, Option, PlanError, Search, SolverError, Step

Choice = Mapping[str, Option]


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Ladder], int | None, dict[str, Fraction], Fraction]:
    """Ladders with needs on earlier ones, a deadline, capacities and a target."""
    weights = draw(st.lists(st.integers(1, 400), min_size=2, max_size=4))
    values = [Fraction(draw(st.integers(2, 10)), 2) for _ in weights]
    ladders: list[Ladder] = []
    for place, weight in enumerate(weights):
        name = str(place + 1)
        steps: list[Step] = []
        options = []
        reached = values[place]
        for level in range(2, 2 + draw(st.integers(0, 3))):
            reached += Fraction(draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 3])))
            needs: tuple[Need, ...] = ()
            if place and draw(st.booleans()):
                other = draw(st.integers(0, place - 1))
                needs = (Need(str(other + 1), 2, values[other] + Fraction(draw(st.integers(0, 4)), 2)),)
            cost = Fraction(draw(st.integers(1, 60)), draw(st.sampled_from([1, 4])))
            owner = draw(st.sampled_from("AB"))
            steps.append(Step(name, level, reached, draw(st.integers(1, 30)), ((owner, cost),), needs))
            options.append(Option(name, reached, tuple(steps)))
        ladders.append(Ladder(name, Fraction(weight, sum(weights)), values[place], tuple(options)))
    days = draw(st.none() | st.integers(5, 120))
    capacity = {"A": Fraction(draw(st.integers(5, 120)))} if draw(st.booleans()) else {}
    now = sum((ladder.share * ladder.value for ladder in ladders), Fraction(0))
    return ladders, days, capacity, now + Fraction(draw(st.integers(-2, 30)), 10)


def ends(choice: Choice, ladders: Mapping[str, Ladder]) -> dict[tuple[str, int], int]:
    """When each step ends, by going round until nothing moves; a need that is never met ends in year 1000."""
    done: dict[tuple[str, int], int] = {}
    for _ in range(20):
        for option in choice.values():
            now = 0
            for step in option.steps:
                for need in step.needs:
                    if ladders[need.indicator].value < need.value:
                        now = max(now, reached_on(choice, need, done))
                now += step.days
                done[step.indicator, step.level] = now
    return done


def reached_on(choice: Choice, need: Need, done: Mapping[tuple[str, int], int]) -> int:
    steps = choice[need.indicator].steps if need.indicator in choice else ()
    days = [done.get((s.indicator, s.level), 0) for s in steps if s.reaches >= need.value]
    return min(days, default=365_000)


def cost_of(choice: Choice) -> Fraction:
    return sum((cost for o in choice.values() for s in o.steps for _, cost in s.costs), Fraction(0))


def index_of(choice: Choice, ladders: Mapping[str, Ladder]) -> Fraction:
    return sum(
        (one.share * (choice[name].value if name in choice else one.value) for name, one in ladders.items()),
        Fraction(0),
    )


def feasible(problem: tuple[list[Ladder], int | None, dict[str, Fraction], Fraction]) -> list[Choice]:
    """Every choice that keeps needs, deadline and capacity; the target is not looked at."""
    ladders, days, capacity, _ = problem
    by_name = {ladder.indicator: ladder for ladder in ladders}
    kept: list[Choice] = []
    for picked in itertools.product(*((None, *ladder.options) for ladder in ladders)):
        choice = {option.indicator: option for option in picked if option is not None}
        last = max(ends(choice, by_name).values(), default=0)
        spent = {
            owner: sum((c for o in choice.values() for s in o.steps for n, c in s.costs if n == owner), 0)
            for owner in capacity
        }
        in_time = last < 365_000 and (days is None or last <= days)
        if in_time and all(spent[owner] <= capacity[owner] for owner in capacity):
            kept.append(choice)
    return kept


def outdoes(choice: Choice, other: Choice) -> bool:
    """Whether `choice` raises all that `other` raises at least as high."""
    return all(name in choice and choice[name].value >= o.value for name, o in other.items())


def as_choice(found: Found) -> Choice:
    return {option.indicator: option for option in found.options}


@few(150)
@given(problems())
def test_the_cheapest_and_the_next_cost_what_brute_force_says(
    problem: tuple[list[Ladder], int | None, dict[str, Fraction], Fraction],
) -> None:
    ladders, days, capacity, target = problem
    by_name = {ladder.indicator: ladder for ladder in ladders}
    everything = feasible(problem)
    enough = [choice for choice in everything if index_of(choice, by_name) >= target]
    minimal = [
        choice for choice in enough if not any(outdoes(choice, other) and other != choice for other in enough)
    ]
    found = Search(ladders, days=days, capacity=capacity).cheapest(target, 4)
    assert [plan.cost for plan in found] == sorted(cost_of(choice) for choice in minimal)[:4]
    for plan in found:
        assert plan.index == index_of(as_choice(plan), by_name) >= target
        assert as_choice(plan) in minimal
        assert plan.cost == cost_of(as_choice(plan))
    for first, second in itertools.combinations(found, 2):
        assert as_choice(first) != as_choice(second)


@few(80)
@given(problems())
def test_the_highest_is_as_high_and_as_cheap_as_brute_force_says(
    problem: tuple[list[Ladder], int | None, dict[str, Fraction], Fraction],
) -> None:
    ladders, days, capacity, _ = problem
    by_name = {ladder.indicator: ladder for ladder in ladders}
    everything = feasible(problem)
    top = max(index_of(choice, by_name) for choice in everything)
    plan = Search(ladders, days=days, capacity=capacity).highest()
    assert plan.index == top
    assert plan.cost == min(cost_of(c) for c in everything if index_of(c, by_name) == top)


@few(80)
@given(problems())
def test_the_calendar_keeps_order_needs_and_deadline(
    problem: tuple[list[Ladder], int | None, dict[str, Fraction], Fraction],
) -> None:
    ladders, days, capacity, _ = problem
    by_name = {ladder.indicator: ladder for ladder in ladders}
    plan = Search(ladders, days=days, capacity=capacity).highest()
    done = ends(as_choice(plan), by_name)
    reached = {ladder.indicator: ladder.value for ladder in ladders}
    for timed in plan.steps:
        step = timed.step
        assert timed.earliest + step.days == done[step.indicator, step.level]
        assert timed.earliest <= timed.latest
        assert days is None or timed.latest + step.days <= days
        for need in step.needs:
            assert reached[need.indicator] >= need.value, "the order would begin before its need is met"
        reached[step.indicator] = step.reaches
    assert [t.earliest for t in plan.steps] == sorted(t.earliest for t in plan.steps)


def ladder(name: str, share: str, *steps: Step, at: int = 1) -> Ladder:
    ordered = tuple(steps)
    options = tuple(Option(name, s.reaches, ordered[: n + 1]) for n, s in enumerate(ordered))
    return Ladder(name, Fraction(share), Fraction(at), options)


def step(name: str, level: int, cost: int, *, days: int = 10, needs: tuple[Need, ...] = ()) -> Step:
    return Step(name, level, Fraction(level), days, (("Diskominfo", Fraction(cost)),), needs)


def test_a_step_must_leave_time_for_what_follows_it() -> None:
    """1 takes 10 days, 2 needs it and takes 25: of 60 days, 35 are needed, so 1 can wait until day 25."""
    ladders = [
        ladder("1", "1/2", step("1", 2, 1, days=10)),
        ladder("2", "1/2", step("2", 2, 1, days=25, needs=(Need("1", 2, Fraction(2)),))),
    ]
    (plan,) = Search(ladders, days=60).cheapest(Fraction(2))
    assert [(t.earliest, t.latest) for t in plan.steps] == [(0, 25), (10, 35)]


def test_a_target_is_missed_by_the_smallest_fraction_or_met_exactly() -> None:
    ladders = [ladder("1", "1/3", step("1", 2, 1)), ladder("2", "2/3", step("2", 2, 5))]
    search = Search(ladders, days=None)
    (plan,) = search.cheapest(Fraction(4, 3))
    assert [plan.cost, plan.index] == [1, Fraction(4, 3)]
    (plan,) = search.cheapest(Fraction(4, 3) + Fraction(1, 10**12))
    assert [plan.cost, plan.index] == [5, Fraction(5, 3)]


def test_a_target_that_is_reached_already_needs_nothing() -> None:
    (plan,) = Search([ladder("1", "1", step("1", 2, 1))], days=None).cheapest(Fraction(1), 3)
    assert [plan.options, plan.cost, plan.index] == [(), 0, 1]


def test_needs_in_a_circle_are_refused_by_name() -> None:
    two = Fraction(2)
    ladders = [
        ladder("1", "1/2", step("1", 2, 1, needs=(Need("2", 2, two),))),
        ladder("2", "1/2", step("2", 2, 1, needs=(Need("1", 2, two),))),
    ]
    with pytest.raises(PlanError, match="circle: I2 level 2 -> I1 level 2 -> I2 level 2"):
        Search(ladders, days=None)


def test_two_indicators_may_need_each_other_at_different_levels() -> None:
    ladders = [
        ladder("1", "1/2", step("1", 2, 1), step("1", 3, 1, needs=(Need("2", 2, Fraction(2)),))),
        ladder("2", "1/2", step("2", 2, 1, needs=(Need("1", 2, Fraction(2)),)), step("2", 3, 1)),
    ]
    (plan,) = Search(ladders, days=None).cheapest(Fraction(3))
    assert [(t.step.indicator, t.step.level) for t in plan.steps] == [("1", 2), ("2", 2), ("1", 3), ("2", 3)]


def test_a_way_that_comes_too_late_for_what_hangs_on_it_is_not_taken() -> None:
    """Two ways to raise 1; only the dearer one is done soon enough for 2 to follow within 30 days."""
    slow = replace(step("1", 2, 1, days=25), reaches=Fraction(2))
    fast = replace(step("1", 3, 9, days=10), reaches=Fraction(3))
    ways = (Option("1", Fraction(2), (slow,)), Option("1", Fraction(3), (fast,)))
    ladders = [
        Ladder("1", Fraction(1, 100), Fraction(1), ways),
        ladder("2", "99/100", step("2", 2, 1, days=15, needs=(Need("1", 2, Fraction(2)),))),
    ]
    (plan,) = Search(ladders, days=30).cheapest(Fraction(3, 2))
    assert [plan.cost, *(t.step.level for t in plan.steps)] == [10, 3, 2]
    (relaxed,) = Search(ladders, days=40).cheapest(Fraction(3, 2))
    assert relaxed.cost == 2


def test_an_answer_of_the_solver_that_does_not_hold_is_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that errs, as one working with a tolerance can: the check in fractions is what catches it."""
    ladders = [ladder("1", "1/2", step("1", 2, 1)), ladder("2", "1/2", step("2", 2, 5))]

    def errs(*_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(status=0, x=[1.0, 0.0], message="")

    monkeypatch.setattr("scipy.optimize.milp", errs)
    with pytest.raises(SolverError, match="does not hold: index 3/2 is below the target 2"):
        Search(ladders, days=None).cheapest(Fraction(2))
