"""From answers to the index: states, rungs, three numbers, exact sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small_instrument import BANDS, CRITERIA, INSTRUMENT, PROBES, RULES, doubt, proof
from transforms.attribution import Scored, changes
from transforms.finding import Answer, Attested, Finding, Freshness
from transforms.index import LevelsError, aggregates, calculate, combine, exact, predikat, rounded
from transforms.instrument import ProbeCall, Rules, WorkedExample, load_instrument
from transforms.levels import IndicatorLevel, levels
from transforms.norm import PredikatFrom
from transforms.scoring import judge

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FRESHNESS = {
    kind: Freshness(ttl=3 * DAY, grace=30 * DAY)
    for kind in ("regulation", "uptime", "application", "attestation")
}


def found(holds: bool | None, age: float = 0, reason: str = "terlihat") -> Answer:
    return Answer(holds, reason, ("<urn:uuid:1>",), NOW - age * DAY)


def signed(criterion: str, statement: str = "terpenuhi", age: float = 10, left: float = 100) -> Attested:
    return Attested(
        criterion,
        statement,  # type: ignore[arg-type]
        "Sekretaris Daerah",
        NOW - age * DAY,
        NOW + left * DAY,
        f"atestasi {statement}",
        ("<urn:uuid:2>",),
    )


def findings(
    answers: Mapping[ProbeCall, Answer] | None = None, attested: Sequence[Attested] = ()
) -> dict[str, Finding]:
    judged = judge(RULES, INSTRUMENT, PROBES, answers or {}, attested, FRESHNESS, NOW)
    return {finding.criterion: finding for finding in judged}


C = "I01.2.a"


@pytest.mark.parametrize(
    ("answers", "attested", "state", "carried"),
    [
        ({}, (), "unknown", False),
        ({proof(C): found(True)}, (), "met", False),
        ({proof(C): found(True, 3)}, (), "met", False),
        ({proof(C): found(True, 3.1)}, (), "stale", True),
        ({proof(C): found(True, 33)}, (), "stale", True),
        ({proof(C): found(True, 33.1)}, (), "stale", False),
        ({proof(C): found(False)}, (), "not_met", False),
        ({proof(C): found(False, 400)}, (), "not_met", False),
        ({proof(C): found(None)}, (), "unknown", False),
        ({proof(C): Answer(None, "", error="probe rusak")}, (), "error", False),
        ({proof(C): found(True), doubt(C): found(True)}, (), "not_met", False),
        ({proof(C): found(True), doubt(C): found(False)}, (), "met", False),
        ({doubt(C): found(True, 90)}, (signed(C),), "not_met", False),
        ({}, (signed(C),), "met", False),
        ({}, (signed("I01.2"),), "met", False),
        ({}, (signed("I01.3"),), "unknown", False),
        ({}, (signed("I01.2.b"),), "unknown", False),
        ({}, (signed(C, left=-1),), "stale", True),
        ({}, (signed(C, left=-31),), "stale", False),
        ({}, (signed(C, "dicabut"),), "not_met", False),
        ({}, (signed(C, age=10), signed(C, "dicabut", age=5)), "not_met", False),
        ({}, (signed(C, "tidak_terpenuhi", age=10), signed(C, age=5)), "met", False),
        ({proof(C): found(False)}, (signed(C),), "met", False),
        ({proof(C): found(True), proof("x"): found(False)}, (signed(C, "dicabut"),), "met", False),
    ],
)
def test_the_state_of_a_criterion(
    answers: dict[ProbeCall, Answer], attested: tuple[Attested, ...], state: str, carried: bool
) -> None:
    finding = findings(answers, attested)[C]
    assert (finding.state, finding.is_carried) == (state, carried)


def test_an_expired_reason_says_so_and_keeps_its_evidence() -> None:
    finding = findings({proof(C): found(True, 10)})[C]
    assert finding.reason == "terlihat (bukti kedaluwarsa)"
    assert finding.expires_at == NOW - 7 * DAY
    assert finding.evidence_ids == ("<urn:uuid:1>",)


def test_what_aged_first_is_carried_where_its_grace_is_longer() -> None:
    seen = FRESHNESS | {"regulation": Freshness(ttl=DAY, grace=3 * DAY)}
    answers = {proof(C): found(True, 4.5)}
    judged = judge(RULES, INSTRUMENT, PROBES, answers, [signed(C, left=-5)], seen, NOW)
    (finding,) = [one for one in judged if one.criterion == C]
    assert (finding.state, finding.is_carried, finding.answered_by) == ("stale", True, "atestasi")


def test_a_refutation_just_seen_speaks_before_an_old_one() -> None:
    more = RULES.rule(C).model_copy(update={"refuted_by": (doubt(C), doubt("x"))})
    rules = Rules(instrument="kecil", rules=tuple(more if r.criterion == C else r for r in RULES.rules))
    answers = {doubt(C): found(True, 400, "lama"), doubt("x"): found(True, 1, "baru")}
    judged = judge(rules, INSTRUMENT, PROBES, answers, (), FRESHNESS, NOW)
    (finding,) = [one for one in judged if one.criterion == C]
    assert (finding.state, finding.is_fresh, finding.reason) == ("not_met", True, "baru")


def met(*named: str) -> dict[ProbeCall, Answer]:
    return {proof(c): found(True) for c in CRITERIA if any(c.startswith(n) for n in named)}


def level_row(
    number: str, answers: Mapping[ProbeCall, Answer], official: int | None = None
) -> IndicatorLevel:
    known = {} if official is None else {number: official}
    return {x.indicator: x for x in levels(INSTRUMENT, findings(answers).values(), known)}[number]


def test_levels_are_cumulative_and_a_jump_is_not_a_level() -> None:
    assert level_row("1", met("I01.2", "I01.4")).proven == 2
    assert level_row("1", met("I01.2", "I01.3", "I01.4")).proven == 4
    assert level_row("1", met("I01.2.a")).proven == 1


def test_a_level_that_builds_on_an_earlier_one_skips_the_one_between() -> None:
    assert level_row("2", met("I02.2", "I02.4")).proven == 4
    assert level_row("2", met("I02.2", "I02.4", "I02.5")).proven == 5


def test_one_refutation_caps_what_is_possible() -> None:
    row = level_row("1", {doubt("I01.4.b"): found(True)})
    assert (row.proven, row.provisional, row.possible) == (1, 1, 3)


@pytest.mark.parametrize(("official", "provisional"), [(None, 2), (1, 2), (3, 3), (5, 3)])
def test_the_official_level_is_held_between_floor_and_possible(
    official: int | None, provisional: int
) -> None:
    answers = met("I01.2") | {doubt("I01.4.a"): found(True)}
    assert level_row("1", answers, official).provisional == provisional


def test_stale_evidence_is_carried_into_the_floor_but_not_into_what_is_proven() -> None:
    row = level_row("1", {proof(c): found(True, 10) for c in ("I01.2.a", "I01.2.b")})
    assert (row.proven, row.floor, row.provisional, row.coverage) == (1, 2, 2, Fraction(0))


def test_coverage_is_the_share_of_criteria_freshly_answered_for_or_against() -> None:
    row = level_row("1", {proof("I01.2.a"): found(True), proof("I01.2.b"): found(False)})
    assert row.coverage == Fraction(2, 8)


def test_the_index_is_the_weighted_sum_of_levels() -> None:
    whole = aggregates(INSTRUMENT, levels(INSTRUMENT, findings(met("I01.2", "I03.2", "I03.3")).values(), {}))
    by_code = {(a.scope, a.code): a for a in whole}
    assert by_code["index", "indeks"].proven == Fraction("12.5") * 2 / 100 + Fraction(
        "27.5"
    ) / 100 + Fraction(60 * 3, 100)
    assert by_code["domain", "1"].proven == Fraction(2 * 125 + 275, 400)
    assert by_code["aspect", "2"].proven == 3


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("3.975", "3.98"), ("3.985", "3.99"), ("3.98499", "3.98"), ("1", "1.00"), ("4.995", "5.00")],
)
def test_rounding_is_half_up(value: str, wanted: str) -> None:
    assert str(rounded(Fraction(value))) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("1", "Kurang"), ("1.7999", "Kurang"), ("1.8", "Cukup"), ("2.5999", "Cukup"), ("2.6", "Baik"),
        ("3.4999", "Baik"), ("3.5", "Sangat Baik"), ("4.19999", "Sangat Baik"),
        ("4.2", "Memuaskan"), ("5", "Memuaskan"),
    ],
)  # fmt: skip
def test_bands_are_closed_below_and_open_above(value: str, wanted: str) -> None:
    assert predikat(INSTRUMENT, Fraction(value)) == wanted


def test_the_predikat_of_a_rounded_index_is_a_setting() -> None:
    just_below = Fraction("4.1999")
    rounding = INSTRUMENT.model_copy(update={"predikat_from": PredikatFrom(rule="rounded"), "bands": BANDS})
    assert (predikat(INSTRUMENT, just_below), predikat(rounding, just_below)) == ("Sangat Baik", "Memuaskan")


def test_exact_keeps_what_rounding_hides() -> None:
    assert f"{exact(Fraction('3.9784')):f}" == "3.9784"
    assert f"{exact(Fraction(4)):f}" == "4"


@pytest.mark.parametrize(
    ("given_levels", "message"),
    [
        ({"1": 3, "2": 3}, "indicator 3 is missing"),
        ({"1": 3, "2": 3, "3": 6}, "indicator 3: level 6"),
        ({"1": 3, "2": 3, "3": 0}, "indicator 3: level 0"),
        ({"1": 3, "2": 3, "3": Decimal("2.5")}, "indicator 3: level 2.5"),
        ({"1": 3, "2": 3, "3": 3, "48": 1}, "indicator 48 does not exist"),
    ],
)
def test_levels_that_cannot_be_are_named(given_levels: dict[str, int | Decimal], message: str) -> None:
    with pytest.raises(LevelsError, match=message):
        calculate(INSTRUMENT, given_levels)


@pytest.mark.parametrize("example", load_instrument("spbe-2020").worked_examples, ids=lambda e: e.id)
def test_the_worked_examples_of_the_regulation(example: WorkedExample) -> None:
    norm = load_instrument("spbe-2020")
    if example.scope == "aspect":
        results = calculate(
            norm, {i.number: example.values.get(i.number, Decimal(1)) for i in norm.indicators}
        )
    elif example.scope == "domain":
        results = combine(
            norm, "aspect", {a.number: example.values.get(a.number, Decimal(1)) for a in norm.aspects}
        )
    else:
        results = combine(norm, "domain", example.values)
    wanted = ("index", "indeks") if example.scope == "index" else (example.scope, example.code)
    (found,) = [r for r in results if (r.scope, r.code) == wanted]
    assert rounded(found.provisional) == example.result


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"1": Decimal(3)}, "domain 2 is missing"),
        ({"1": Decimal(3), "2": Decimal("5.01")}, "domain 2: value 5.01 is not 1 to 5"),
        ({"1": Decimal(3), "2": Decimal(3), "9": Decimal(3)}, "domain 9 does not exist"),
    ],
)
def test_parts_that_cannot_be_are_named(values: dict[str, Decimal], message: str) -> None:
    with pytest.raises(LevelsError, match=message):
        combine(INSTRUMENT, "domain", values)


# Properties -------------------------------------------------------------------------------------------------

ages = st.sampled_from([0.0, 2.9, 3.0, 5.0, 33.0, 60.0])
answer = st.builds(found, st.sampled_from([True, True, False, None]), ages)
calls = st.sampled_from([call for c in CRITERIA for call in (proof(c), doubt(c))])
answer_sets = st.dictionaries(calls, answer, max_size=40)
statement_lists = st.lists(
    st.builds(
        signed,
        st.sampled_from([*CRITERIA, *{c.rpartition(".")[0] for c in CRITERIA}]),
        st.sampled_from(["terpenuhi", "terpenuhi", "dicabut", "tidak_terpenuhi"]),
        st.sampled_from([1.0, 5.0, 10.0]),
        st.sampled_from([-60.0, -5.0, 0.0, 50.0]),
    ),
    max_size=12,
)
officials = st.dictionaries(st.sampled_from(["1", "2", "3"]), st.integers(1, 5))


def scored(
    answers: Mapping[ProbeCall, Answer],
    attested: Sequence[Attested],
    official: Mapping[str, int],
    name: str = "a",
) -> Scored:
    judged = findings(answers, attested)
    rows = levels(INSTRUMENT, judged.values(), official)
    return Scored(
        name, "kota", "aturan", NOW, judged, {r.indicator: r for r in rows}, aggregates(INSTRUMENT, rows)
    )


@given(answer_sets, statement_lists, officials)
def test_proven_never_exceeds_provisional_never_exceeds_possible(
    answers: dict[ProbeCall, Answer], attested: list[Attested], official: dict[str, int]
) -> None:
    result = scored(answers, attested, official)
    for row in result.levels.values():
        assert 1 <= row.proven <= row.floor <= row.provisional <= row.possible <= 5
    for total in result.aggregates:
        assert 1 <= total.proven <= total.provisional <= total.possible <= 5
        assert 0 <= total.coverage <= 1


@given(answer_sets, statement_lists, officials, st.sampled_from(CRITERIA), st.booleans())
def test_evidence_that_meets_a_criterion_never_lowers_anything(
    answers: dict[ProbeCall, Answer],
    attested: list[Attested],
    official: dict[str, int],
    criterion: str,
    by_probe: bool,
) -> None:
    before = scored(answers, attested, official)
    if by_probe:
        after = scored(answers | {proof(criterion): found(True)}, attested, official)
    else:
        after = scored(answers, [*attested, signed(criterion, age=0.5)], official)
    for number, row in before.levels.items():
        then = after.levels[number]
        assert (then.proven, then.floor, then.provisional, then.possible) >= (
            row.proven, row.floor, row.provisional, row.possible,
        )  # fmt: skip
        assert then.proven >= row.proven
        assert then.floor >= row.floor
        assert then.provisional >= row.provisional
        assert then.possible >= row.possible


@given(answer_sets, statement_lists, officials, st.sampled_from(["proof", "doubt"]))
def test_a_source_that_falls_silent_never_raises_anything(
    answers: dict[ProbeCall, Answer], attested: list[Attested], official: dict[str, int], silent: str
) -> None:
    before = scored(answers, attested, official)
    older = {
        call: found(a.holds, 60 if call.probe == silent else (NOW - (a.observed_at or NOW)) / DAY)
        for call, a in answers.items()
    }
    after = scored(older, attested, official)
    for number, row in before.levels.items():
        then = after.levels[number]
        assert then.proven <= row.proven
        assert then.floor <= row.floor
        assert then.provisional <= row.provisional
        assert then.possible <= row.possible


@given(answer_sets, answer_sets, statement_lists, officials)
def test_the_parts_of_a_change_add_up_to_the_whole(
    first: dict[ProbeCall, Answer],
    second: dict[ProbeCall, Answer],
    attested: list[Attested],
    official: dict[str, int],
) -> None:
    before, after = scored(first, attested, official), scored(second, [], official, "b")
    total = sum((c.contribution for c in changes(INSTRUMENT, before, after)), Fraction(0))
    assert total == after.index.provisional - before.index.provisional


@given(st.dictionaries(st.sampled_from(["1", "2", "3"]), st.integers(1, 5), min_size=3))
def test_the_calculator_agrees_with_plain_decimals(given_levels: dict[str, int]) -> None:
    total = sum((i.weight * given_levels[i.number] for i in INSTRUMENT.indicators), Decimal(0)) / 100
    assert exact(calculate(INSTRUMENT, given_levels)[0].provisional) == total
