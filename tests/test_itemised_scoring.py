"""An itemised scale: items to scores, indices of other bodies, three numbers, bands. Worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.itemised_instrument import itemised
from transforms.finding import Answer, Attested, ExternalValue, Finding, Freshness
from transforms.index import LevelsError, aggregates, calculate, combine, exact, predikat, rounded, worked
from transforms.instrument import load_instrument, load_probes
from transforms.levels import IndicatorLevel, levels, rung_of, shown, to_digits
from transforms.norm import WorkedExample
from transforms.scoring import judge

NORM, RULES = itemised()
PROBES = load_probes()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FRESHNESS = {
    kind: Freshness(ttl=3 * DAY, grace=30 * DAY)
    for kind in ("regulation", "uptime", "application", "attestation", "external_index")
}
SEEN = {call.probe: call for call in RULES.calls()}
OWN = tuple(c.id for c in NORM.indicator("1").criteria)


def found(holds: bool | None, age: float = 0) -> Answer:
    return Answer(holds, "terlihat", ("<urn:uuid:1>",), NOW - age * DAY)


def signed(
    criterion: str, statement: str = "terpenuhi", age: float = 1, left: float = 100, own: bool = True
) -> Attested:
    return Attested(
        criterion,
        statement,  # type: ignore[arg-type]
        "Sekda",
        NOW - age * DAY,
        NOW + left * DAY,
        f"atestasi {statement}",
        ("<urn:uuid:2>",),
        own,
    )


def value(index: str, number: str, age: float = 1, left: float | None = None) -> dict[str, ExternalValue]:
    until = None if left is None else NOW + left * DAY
    known = ExternalValue(index, 2025, Decimal(number), NOW - age * DAY, until, "surat", ("<urn:uuid:3>",))
    return {index: known}


def judged(
    answers: Mapping[str, Answer] | None = None,
    attested: Sequence[Attested] = (),
    external: Mapping[str, ExternalValue] | None = None,
) -> dict[str, Finding]:
    by_call = {SEEN[probe]: answer for probe, answer in (answers or {}).items()}
    all_found = judge(RULES, NORM, PROBES, by_call, attested, FRESHNESS, NOW, external)
    return {finding.criterion: finding for finding in all_found}


def row(number: str, findings: Mapping[str, Finding], official: str | None = None) -> IndicatorLevel:
    known = {} if official is None else {number: Decimal(official)}
    return {x.indicator: x for x in levels(NORM, findings.values(), known)}[number]


def attested(*criteria: str) -> list[Attested]:
    return [signed(criterion) for criterion in criteria]


@pytest.mark.parametrize(
    ("met", "score", "rung"),
    [
        ((), "1", 0),
        (("I01.1.a",), "1.16666667", 0),
        (("I01.1.b", "I01.1.c"), "1.33333333", 0),
        (("I01.1",), "1.5", 1),
        (("I01.1", "I01.2.b"), "2", 1),
        (("I01.1", "I01.2"), "2.5", 2),
        (("I01.1", "I01.2", "I01.3"), "3.5", 3),
        (("I01.1", "I01.2", "I01.3", "I01.4.a"), "3.66666667", 3),
        (("I01.1", "I01.2", "I01.3", "I01.4"), "4", 4),
        (("I01.1", "I01.2", "I01.3", "I01.4", "I01.5.a"), "4.5", 4),
        (("I01.1", "I01.2", "I01.3", "I01.4", "I01.5"), "5", 5),
        # Lower levels first: what is met above the first unfinished level adds nothing.
        (("I01.2", "I01.3", "I01.4", "I01.5"), "1", 0),
        (("I01.1.a", "I01.2"), "1.16666667", 0),
        (("I01.1", "I01.3"), "1.5", 1),
    ],
)
def test_items_make_a_score(met: tuple[str, ...], score: str, rung: int) -> None:
    level = row("1", judged(attested=attested(*met)))
    assert (level.proven, level.provisional, level.rung) == (Fraction(score), Fraction(score), rung)
    assert level.possible == 5


def test_a_refuted_item_caps_what_is_possible() -> None:
    level = row("1", judged({"services_compromised": found(True)}, attested("I01.1")))
    assert (level.proven, level.possible) == (Fraction("1.5"), Fraction("3.83333333"))


@pytest.mark.parametrize(
    ("official", "provisional"), [(None, "1.5"), ("1.26", "1.5"), ("2.75", "2.75"), ("5.00", "3.83333333")]
)
def test_the_official_score_is_held_between_floor_and_possible(
    official: str | None, provisional: str
) -> None:
    findings = judged({"services_compromised": found(True)}, attested("I01.1"))
    assert row("1", findings, official).provisional == Fraction(provisional)


def test_every_item_counts_toward_coverage() -> None:
    assert row("1", judged(attested=attested("I01.1.a", "I01.5.b"))).coverage == Fraction(2, 11)


# Indices of other bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "score", "met"),
    [
        ("0", "1", 1), ("12.5", "1.5", 1), ("12.6", "1.504", 2), ("68.75", "3.75", 4), ("75", "4", 4),
        ("100", "5", 5),
    ],
)  # fmt: skip
def test_an_external_index_is_the_score_and_meets_levels(number: str, score: str, met: int) -> None:
    findings = judged(external=value("KANAN", number))
    states = [findings[f"I02.{n}.a"].state for n in range(1, 6)]
    assert states == ["met"] * met + ["not_met"] * (5 - met)
    level = row("2", findings)
    assert (level.proven, level.provisional, level.possible) == (Fraction(score),) * 3


def test_without_a_value_the_score_is_the_floor_and_says_why() -> None:
    findings = judged()
    level = row("2", findings)
    assert (level.proven, level.provisional, level.possible) == (1, 1, 5)
    assert findings["I02.1.a"].reason == "Belum ada nilai KANAN"


def test_a_value_cites_its_year_and_its_document() -> None:
    finding = judged(external=value("KANAN", "68.75"))["I02.4.a"]
    assert finding.reason == "KANAN 2025 sebesar 68,75, setara tingkat 4 (surat)"
    assert (finding.evidence_ids, finding.answered_by) == (("<urn:uuid:3>",), "nilai indeks KANAN")


@pytest.mark.parametrize(
    ("age", "left", "proven", "provisional"),
    [
        (3, None, "3.75", "3.75"),  # fresh to the end of its TTL
        (4, None, "1", "3.75"),  # carried
        (33, None, "1", "3.75"),
        (34, None, "1", "1"),  # neither
        (34, 1, "3.75", "3.75"),  # its own last day goes before the TTL
        (1, -1, "1", "3.75"),
        (1, -31, "1", "1"),
    ],
)
def test_a_value_grows_stale_and_never_rises_by_that(
    age: float, left: float | None, proven: str, provisional: str
) -> None:
    level = row("2", judged(external=value("KANAN", "68.75", age, left)))
    assert (level.proven, level.provisional) == (Fraction(proven), Fraction(provisional))
    assert level.possible == Fraction("3.75")


def test_a_value_outside_its_scale_is_an_error_and_scores_nothing() -> None:
    findings = judged(external=value("KANAN", "101"))
    assert findings["I02.1.a"].state == "error"
    assert "outside its scale" in findings["I02.1.a"].reason
    level = row("2", findings)
    assert (level.proven, level.provisional, level.possible) == (1, 1, 5)


# TTL of a rule ----------------------------------------------------------------------------------------------


def test_a_rule_says_how_long_its_evidence_is_fresh() -> None:
    """The kind's TTL is 3 days, that of I01.1.a 10: a probe's answer of five days ago is fresh there only."""
    findings = judged({"regulation_in_force": found(True, 5)})
    assert (findings["I01.1.a"].state, findings["I01.2.a"].state) == ("met", "stale")
    assert judged({"regulation_in_force": found(True, 10.1)})["I01.1.a"].state == "stale"


@pytest.mark.parametrize(
    ("age", "left", "own", "state"),
    [
        (9, 100, True, "met"),
        (11, 100, True, "stale"),  # beyond the rule's ten days
        (5, -1, True, "stale"),  # its own last day is past
        (5, -1, False, "met"),  # no last day of its own: the rule's ten days stand in for the TTL
        (11, 50, False, "stale"),
    ],
)
def test_a_rule_bounds_statements(age: float, left: float, own: bool, state: str) -> None:
    findings = judged(attested=[signed("I01.1.b", age=age, left=left, own=own)])
    assert findings["I01.1.b"].state == state
    assert judged(attested=[signed("I01.1.c", age=11, left=100)])["I01.1.c"].state == "met"


# The calculator ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", NORM.worked_examples, ids=lambda e: e.id)
def test_worked_examples(example: WorkedExample) -> None:
    results = {(r.scope, r.code): r for r in worked(NORM, example)}
    wanted = results["index", "indeks"] if example.scope == "index" else results["aspect", str(example.code)]
    digits = -int(example.result.as_tuple().exponent)
    assert rounded(wanted.provisional, digits) == example.result
    assert example.exact in (None, exact(wanted.provisional))
    assert example.predikat in (None, wanted.predikat)
    assert {code: exact(results["aspect", code].provisional) for code in example.aspects} == example.aspects


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("1", "Kurang"), ("1.5", "Kurang"), ("1.50000001", "Cukup"), ("2.5", "Cukup"), ("2.50000001", "Baik"),
        ("3.5", "Baik"), ("3.50000001", "Sangat Baik"), ("4", "Sangat Baik"), ("4.00000001", "Memuaskan"),
        ("5", "Memuaskan"),
    ],
)  # fmt: skip
def test_bands_are_closed_on_the_right(number: str, name: str) -> None:
    assert predikat(NORM, Fraction(number)) == name


def test_aspects_have_a_predikat_where_the_norm_gives_them_one() -> None:
    by_code = {r.code: r for r in calculate(NORM, {"1": Decimal("2.6"), "2": Decimal(1), "3": Decimal(1)})}
    assert (by_code["1"].predikat, by_code["2"].predikat) == ("Baik", "Kurang")
    spbe = load_instrument("spbe-2020")
    plain = calculate(spbe, {i.number: 3 for i in spbe.indicators})
    assert [r.predikat for r in plain if r.scope != "index"] == [None] * 12


@pytest.mark.parametrize("wrong", ["0.99", "5.01"])
def test_scores_that_cannot_be_are_named(wrong: str) -> None:
    with pytest.raises(LevelsError, match=f"indicator 2: score {wrong} is not 1 to 5"):
        calculate(NORM, {"1": Decimal(1), "2": Decimal(wrong), "3": Decimal(1)})


def test_an_instrument_without_domains_takes_none() -> None:
    with pytest.raises(LevelsError, match="desimal has no domains; give values of aspects"):
        combine(NORM, "domain", {"1": Decimal(1)})


def test_how_scores_are_written() -> None:
    assert [shown(s) for s in (4, Fraction(4), Fraction("1.085"), Fraction(7, 6))] == [
        "4", "4,00", "1,09", "1,17",
    ]  # fmt: skip
    assert to_digits(Fraction(7, 6)) == Fraction("1.16666667")
    assert [rung_of(NORM, Fraction(s)) for s in ("1", "1.49", "1.5", "3.99", "4")] == [0, 0, 1, 3, 4]


# Properties -------------------------------------------------------------------------------------------------

ages = st.sampled_from([0.0, 2.9, 3.0, 5.0, 33.0, 60.0])
answer_sets = st.dictionaries(
    st.sampled_from(sorted(SEEN)), st.builds(found, st.sampled_from([True, False, None]), ages)
)
statements = st.lists(
    st.builds(
        signed,
        st.sampled_from([*OWN, *{c.rpartition(".")[0] for c in OWN}]),
        st.sampled_from(["terpenuhi", "terpenuhi", "terpenuhi", "dicabut", "tidak_terpenuhi"]),
        st.sampled_from([1.0, 5.0, 12.0]),
        st.sampled_from([-60.0, -5.0, 0.0, 50.0]),
        st.booleans(),
    ),
    max_size=14,
)
externals = st.builds(
    lambda right, left: right | left,
    st.one_of(st.just({}), st.builds(value, st.just("KANAN"), st.sampled_from(["0", "12.5", "70"]), ages)),
    st.one_of(st.just({}), st.builds(value, st.just("KIRI"), st.sampled_from(["1", "1.8", "4.9"]), ages)),
)
officials = st.dictionaries(
    st.sampled_from(["1", "2", "3"]), st.sampled_from([Decimal(v) for v in ("1", "1.26", "2.5", "3.99", "5")])
)


@given(answer_sets, statements, externals, officials)
def test_proven_floor_provisional_possible_are_in_order(
    answers: dict[str, Answer],
    statements: list[Attested],
    external: dict[str, ExternalValue],
    official: dict[str, Decimal],
) -> None:
    rows = levels(NORM, judged(answers, statements, external).values(), official)
    for level in rows:
        assert 1 <= level.proven <= level.floor <= level.provisional <= level.possible <= 5
        for score in (level.proven, level.floor, level.possible):
            assert (Fraction(score) * 10**8).denominator == 1
    for total in aggregates(NORM, rows):
        assert 1 <= total.proven <= total.provisional <= total.possible <= 5
        assert total.scope != "index" or (total.provisional * 10**10).denominator == 1


@given(answer_sets, statements, externals, officials, st.sampled_from(OWN))
def test_a_statement_that_meets_an_item_lowers_nothing(
    answers: dict[str, Answer],
    statements: list[Attested],
    external: dict[str, ExternalValue],
    official: dict[str, Decimal],
    criterion: str,
) -> None:
    more = [*statements, signed(criterion, age=0.5)]
    before = levels(NORM, judged(answers, statements, external).values(), official)
    after = levels(NORM, judged(answers, more, external).values(), official)
    for then, now in zip(before, after, strict=True):
        assert now.proven >= then.proven
        assert now.floor >= then.floor
        assert now.provisional >= then.provisional
        assert now.possible >= then.possible


@given(answer_sets, statements, externals, officials)
def test_what_is_never_seen_again_raises_nothing(
    answers: dict[str, Answer],
    statements: list[Attested],
    external: dict[str, ExternalValue],
    official: dict[str, Decimal],
) -> None:
    older = {probe: found(a.holds, 60) for probe, a in answers.items()}
    old = {key: value(key, str(known.value), 60)[key] for key, known in external.items()}
    before = levels(NORM, judged(answers, statements, external).values(), official)
    after = levels(NORM, judged(older, statements, old).values(), official)
    for then, now in zip(before, after, strict=True):
        assert now.proven <= then.proven
        assert now.floor <= then.floor
        assert now.provisional <= then.provisional
        assert now.possible <= then.possible


@given(st.decimals(0, 100, places=3), st.decimals(0, 100, places=3))
def test_a_higher_external_index_never_scores_less(first: Decimal, second: Decimal) -> None:
    index = NORM.external_index("KANAN")
    low, high = sorted((first, second))
    assert index.score(low) <= index.score(high)
    assert index.level(low) <= index.level(high)
