"""Plans over a small norm: what is promised is what scoring gives once the plan is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.institution import ConfigError, parse_institution
from collectors.plan_settings import PlanSettings
from flows.plan_command import assumptions_of, is_for
from tests.examples_of import few
from tests.small_instrument import CRITERIA, INSTRUMENT
from transforms.finding import Finding
from transforms.index import aggregates
from transforms.instrument import Instrument, load_instrument
from transforms.levels import levels
from transforms.plan_search import PlanError
from transforms.planning import Assumptions, Plan, Planned, Prerequisite, plan
from transforms.views import CriterionView, IndicatorView

START = date(2026, 12, 1)
STATES = ("met", "not_met", "unknown", "stale", "error")
PLAIN = assumptions_of(PlanSettings())


def finding(criterion: str, state: str, is_carried: bool = False) -> Finding:
    number, level, _ = criterion.removeprefix("I").split(".")
    return Finding(
        criterion=criterion,
        indicator=str(int(number)),
        level=int(level),
        state=state,  # type: ignore[arg-type]
        is_fresh=state == "met",
        is_carried=is_carried,
        reason=f"sebab {criterion}",
        evidence_ids=(),
        observed_at=None,
        expires_at=None,
        answered_by="",
        hint=None,
    )


def findings(states: Mapping[str, str], carried: frozenset[str] = frozenset()) -> dict[str, Finding]:
    """A finding for every criterion; those not named are unknown, level 1 is met."""
    return {
        c.id: finding(c.id, "met" if level.level == 1 else states.get(c.id, "unknown"), c.id in carried)
        for _, level, c in INSTRUMENT.placed()
    }


def views(
    found: Mapping[str, Finding], official: Mapping[str, int], norm: Instrument = INSTRUMENT
) -> list[IndicatorView]:
    """What a published copy would say of these findings."""
    scored = {level.indicator: level for level in levels(norm, found.values(), official)}

    def reached(number: str) -> dict[str, Any]:
        level = scored[number]
        return {name: getattr(level, name) for name in ("proven", "provisional", "possible", "official")}

    return [
        IndicatorView(
            number=i.number,
            name=i.name,
            short_name=i.short_name,
            domain=i.domain,
            domain_name="",
            aspect=i.aspect,
            aspect_name="",
            weight=i.weight,
            **reached(i.number),
            coverage=Decimal(0),
            reason="",
            blocking=None,
            remedy=None,
            criteria=tuple(criterion(found[c.id]) for c in i.criteria),
        )
        for i in norm.indicators
    ]


def criterion(found: Finding) -> CriterionView:
    return CriterionView(
        criterion=found.criterion,
        level=found.level,
        text="syarat",
        state=found.state,
        is_fresh=found.is_fresh,
        is_carried=found.is_carried,
        reason=found.reason,
        hint=None,
        answered_by="",
        answerable_by="atestasi",
        owner="Diskominfo" if found.criterion.endswith("a") else "Bagian Hukum",
        remedy=f"Lengkapi {found.criterion}.",
        observed_at=None,
        expires_at=None,
        evidence=(),
    )


def asked(
    states: Mapping[str, str],
    official: Mapping[str, int],
    target: str,
    *,
    days: int = 3000,
    assumptions: Assumptions = PLAIN,
    alternatives: int = 0,
) -> Planned:
    return plan(
        INSTRUMENT,
        views(findings(states), official),
        assumptions,
        target=Fraction(target),
        starts=START,
        by=START + timedelta(days=days),
        alternatives=alternatives,
    )


def raised(one: Plan) -> list[tuple[str, str]]:
    """Each indicator raised, as ("3", "2 4")."""
    return [(r.indicator, f"{r.before} {r.after}") for r in one.rises]


def costs(one: Plan) -> dict[str, str]:
    """Each criterion to be met, as "new 20"."""
    return {m.criterion: f"{m.kind} {m.cost}" for step in one.steps for m in step.missing}


def index_after(
    one: Plan, found: Mapping[str, Finding], official: Mapping[str, int], norm: Instrument = INSTRUMENT
) -> Fraction:
    """The index of scoring once every criterion of the plan, and no other, has been met."""
    met = {missing.criterion for step in one.steps for missing in step.missing}
    done = [f._replace(state="met", is_carried=False) if f.criterion in met else f for f in found.values()]
    return aggregates(norm, levels(norm, done, official))[0].provisional


@few(60)
@given(
    st.fixed_dictionaries({c: st.sampled_from(STATES) for c in CRITERIA}),
    st.sets(st.sampled_from(CRITERIA)),
    st.dictionaries(st.sampled_from(("1", "2", "3")), st.integers(1, 5)),
    st.integers(10, 50),
)
def test_a_plan_carried_out_gives_the_index_it_promises(
    states: Mapping[str, str], carried: set[str], official: Mapping[str, int], tenths: int
) -> None:
    found = findings(states, frozenset(c for c in carried if states[c] == "stale"))
    planned = plan(
        INSTRUMENT,
        views(found, official),
        PLAIN,
        target=Fraction(tenths, 10),
        starts=START,
        by=START + timedelta(days=3000),
        alternatives=2,
    )
    assert planned.plans, "with years to go and no limits, everything can be reached"
    for one in planned.plans:
        assert one.index == index_after(one, found, official) >= Fraction(tenths, 10)
        assert one.cost == sum(m.cost for step in one.steps for m in step.missing)
        assert sum((r.contribution for r in one.rises), planned.index) == one.index
        free = {f.criterion for f in found.values() if f.holds_or_carried}
        assert not free & {m.criterion for step in one.steps for m in step.missing}


def test_only_what_is_missing_costs_and_each_kind_its_own() -> None:
    """Indicator 3 at 2: one of level 3 met, one refuted; both of level 4 unknown."""
    states = {"I03.2.a": "met", "I03.2.b": "met", "I03.3.a": "met", "I03.3.b": "not_met"}
    (best,) = asked(states, {}, "2.8").plans
    assert raised(best) == [("3", "2 4")]
    assert costs(best) == {"I03.3.b": "refuted 30", "I03.4.a": "new 20", "I03.4.b": "new 20"}
    assert [step.level for step in best.steps] == [3, 4]
    assert best.steps[0].owners == ("Bagian Hukum",)
    assert best.steps[0].ends == START + timedelta(days=90) == best.steps[1].starts
    assert best.done_on == best.steps[1].ends == START + timedelta(days=210)


def test_what_an_official_result_grants_only_needs_its_paper() -> None:
    (best,) = asked({}, {"3": 3}, "2.8").plans
    assert raised(best) == [("3", "3 4")]
    (step,) = best.steps
    assert costs(best)["I03.2.a"] == "acknowledged 5/2"
    assert costs(best)["I03.3.b"] == "acknowledged 15/4"
    assert costs(best)["I03.4.b"] == "new 20"
    assert step.level == 4


def test_lifting_a_refutation_brings_an_official_level_back() -> None:
    (best,) = asked({"I03.2.b": "not_met"}, {"3": 4}, "2.8").plans
    assert raised(best) == [("3", "1 4")]
    assert [(m.criterion, m.kind) for s in best.steps for m in s.missing] == [("I03.2.b", "refuted")]


def test_a_level_that_builds_on_an_earlier_one_needs_not_the_one_between() -> None:
    """Indicator 2 has its level 4 on 2."""
    only_2 = replace(PLAIN, fixed=frozenset({"1", "3"}))
    (best,) = asked({"I02.2.a": "met", "I02.2.b": "met"}, {}, "1.8", assumptions=only_2).plans
    assert raised(best) == [("2", "2 4")]
    assert costs(best) == {"I02.4.a": "new 20", "I02.4.b": "new 20"}


def depends(number: str, *others: str) -> Instrument:
    return INSTRUMENT.model_copy(
        update={
            "indicators": tuple(
                i.model_copy(update={"depends_on": others}) if i.number == number else i
                for i in INSTRUMENT.indicators
            )
        }
    )


def test_a_dependency_of_the_norm_counts_where_it_names_an_earlier_indicator() -> None:
    shared: dict[str, Any] = {"starts": START, "by": START + timedelta(days=3000), "alternatives": 0}
    states = {"I03.2.a": "met", "I03.2.b": "met"}
    seen = views(findings(states), {})
    (best,) = plan(depends("3", "1"), seen, PLAIN, target=Fraction("2.2"), **shared).plans
    assert raised(best) == [("1", "1 2"), ("3", "2 3")]
    first, second = best.steps
    assert [(need.indicator, need.level) for need in second.needs] == [("1", 2)]
    assert second.starts == first.ends
    (free,) = plan(depends("1", "3"), seen, PLAIN, target=Fraction("2.2"), **shared).plans
    assert raised(free) == [("3", "2 3")]
    alone = replace(PLAIN, fixed=frozenset({"2", "3"}))
    (free,) = plan(depends("1", "3"), seen, alone, target=Fraction("1.975"), **shared).plans
    assert raised(free) == [("1", "1 4")], "what comes later in the norm is no basis"
    loose = replace(PLAIN, norm_from_level=None)
    (free,) = plan(depends("3", "1"), seen, loose, target=Fraction("2.2"), **shared).plans
    assert raised(free) == [("3", "2 3")]


def test_limits_of_the_institution_are_kept() -> None:
    (best,) = asked({}, {}, "2.2", assumptions=replace(PLAIN, fixed=frozenset({"3"}))).plans
    assert "3" not in dict(raised(best))
    (best,) = asked({}, {}, "3.7", assumptions=replace(PLAIN, highest={"3": 3})).plans
    assert dict(raised(best))["3"] == "1 3"
    chained = replace(PLAIN, fixed=frozenset({"2"}), prerequisites=(Prerequisite("3", 2, "1", 3),))
    (best,) = asked({}, {}, "1.6", assumptions=chained).plans
    assert raised(best) == [("1", "1 3"), ("3", "1 2")]
    two_months: dict[str, Any] = {"states": {}, "official": {}, "target": "1.6", "days": 60}
    enough = replace(PLAIN, capacity={"Diskominfo": Decimal(5)})
    assert asked(**two_months, assumptions=enough).plans[0].cost == 20
    short = replace(PLAIN, capacity={"Diskominfo": Decimal("4.99")})
    assert asked(**two_months, assumptions=short).plans == ()


def test_a_target_out_of_reach_says_how_far_one_can_get() -> None:
    planned = asked({}, {}, "3", days=100)
    assert planned.plans == ()
    assert planned.most is not None
    assert planned.most.index == 2, "each indicator can gain one level of 60 days, and no second of 90"
    assert planned.most.done_on == START + timedelta(days=60)
    assert ("3", Fraction(3)) in planned.too_late
    (exactly,) = asked({}, {}, "2", days=60).plans
    assert exactly.index == 2


def test_on_an_itemised_scale_a_step_is_a_level_and_is_worth_its_band() -> None:
    """Pemdi 2026, level 1 of everything met; what another body's index scores (5, 6, 7) stays as it is."""
    norm = load_instrument("pemdi-2026")
    found = {c.id: finding(c.id, "met" if level.level == 1 else "unknown") for _, level, c in norm.placed()}
    official = {"1": 2, "17": 3}
    planned = plan(
        norm,
        views(found, official, norm),
        PLAIN,
        target=Fraction("2.2"),
        starts=START,
        by=START + timedelta(days=500),
        alternatives=1,
    )
    ends = {Fraction(band.max) for band in norm.bands}
    assert len(planned.plans) == 2
    for one in planned.plans:
        assert one.index == index_after(one, found, official, norm) >= Fraction("2.2")
        assert {rise.after for rise in one.rises} <= ends
        assert not {"5", "6", "7"} & dict(raised(one)).keys()


def test_scores_that_do_not_follow_from_todays_rules_are_refused() -> None:
    seen = views(findings({}), {})
    shared: dict[str, Any] = {"target": Fraction(3), "starts": START, "by": START + timedelta(days=400)}
    with pytest.raises(
        PlanError, match="indicator 3 was scored 4; today's rules make it 1; run pantau score"
    ):
        plan(INSTRUMENT, [*seen[:2], replace(seen[2], provisional=4)], PLAIN, **shared)
    with pytest.raises(PlanError, match="knows other criteria of indicator 3"):
        plan(INSTRUMENT, seen[:2], PLAIN, **shared)
    with pytest.raises(PlanError, match=r"plan.fixed: kecil has no indicator '48'"):
        plan(INSTRUMENT, seen, replace(PLAIN, fixed=frozenset({"48"})), **shared)
    with pytest.raises(PlanError, match="deadline 2026-12-01 is not after the start"):
        plan(INSTRUMENT, seen, PLAIN, target=Fraction(3), starts=START, by=START)


FILE = """
institution: {id: kota-a, name: Kota A, kind: kota}
agencies: []
freshness:
  regulation: {ttl: 3d, grace: 30d}
  uptime: {ttl: 1d, grace: 3d}
  application: {ttl: 45d, grace: 90d}
  attestation: {ttl: 365d, grace: 30d}
plan:
"""


def test_the_institutions_file_sets_what_is_assumed() -> None:
    text = FILE + (
        '  costs: {unit: juta rupiah, criterion: {"4": "12.5"}, refuted: "3", indicators: {"18": "2"}}\n'
        '  durations: {"5": 200d}\n'
        "  from_norm: {from_level: 4, lag: 0}\n"
        '  capacity: {Diskominfo: "40"}\n'
        '  prerequisites: [{indicator: "12", level: 4, needs: "13", at: 3}]\n'
        '  fixed: ["16"]\n'
    )
    file = parse_institution(text, "a.yml")
    found = assumptions_of(file.plan)
    assert (found.unit, found.criterion_costs[4], found.criterion_costs[5]) == (
        "juta rupiah",
        Decimal("12.5"),
        Decimal(25),
    )
    assert (found.days[5], found.days[4], found.norm_from_level, found.norm_lag) == (200, 120, 4, 0)
    assert found.prerequisites == (Prerequisite("12", 4, "13", 3),)
    other = assumptions_of(file.plan, is_for(file.plan, file, "pemdi-2026"))
    assert (other.fixed, other.prerequisites, other.indicator_factors) == (frozenset(), (), {})
    assert (other.capacity, other.unit) == ({"Diskominfo": Decimal(40)}, "juta rupiah")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('  costs: {criterion: {"4": 12.5}}', "plan.costs.criterion.4: write 12.5 in quotes"),
        ('  costs: {criterion: {"6": "1"}}', r"plan.costs.criterion.6.\[key\]: Input should be '1'"),
        ('  costs: {criterion: {"4": "0"}}', "plan.costs.criterion.4: Input should be greater than 0"),
        ('  durations: {"4": 3h}', "plan.durations.4: '3h' is not a number of days"),
        ("  hasten: true", "plan.hasten: unknown key"),
    ],
)
def test_what_cannot_be_assumed_is_refused_by_its_key(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_institution(FILE + line, "a.yml")
