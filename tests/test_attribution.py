"""Where a change of the index comes from: exact to the last digit, down to criterion and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from tests.small_instrument import BANDS, CRITERIA, INSTRUMENT, PROBES, RULES, doubt, proof
from tests.test_scoring import DAY, FRESHNESS, NOW, officials, signed, statement_lists
from transforms.attribution import Change, Part, Scored, changes, explained, rows_sum_to
from transforms.finding import Answer, Attested, Freshness
from transforms.index import aggregates
from transforms.instrument import Instrument, ProbeCall
from transforms.levels import levels
from transforms.scoring import judge


def scored(
    answers: Mapping[ProbeCall, Answer],
    attested: Sequence[Attested] = (),
    official: Mapping[str, int] | None = None,
    *,
    as_of: datetime = NOW,
    rules: str = "aturan",
    instrument: Instrument = INSTRUMENT,
    freshness: Mapping[str, Freshness] = FRESHNESS,
) -> Scored:
    found = judge(RULES, instrument, PROBES, answers, attested, freshness, as_of)
    rows = levels(instrument, found, official or {})
    return Scored(
        f"{rules}-{as_of}", "kota", rules, as_of,
        {f.criterion: f for f in found}, {r.indicator: r for r in rows}, aggregates(instrument, rows),
    )  # fmt: skip


def met(*named: str, evidence: str = "<1>", age: float = 0) -> dict[ProbeCall, Answer]:
    return {
        proof(c): Answer(True, f"{c} terlihat", (evidence,), NOW - age * DAY)
        for c in CRITERIA
        if c.startswith(named)
    }


def only(before: Scored, after: Scored, failing: Sequence[str] = ()) -> tuple[Change, dict[str | None, Part]]:
    (change,) = changes(INSTRUMENT, before, after, failing)
    return change, {part.criterion: part for part in change.parts}


def test_criteria_that_a_rung_needed_both_share_it() -> None:
    change, parts = only(scored({}), scored(met("I03.2")))
    assert change.contribution == Fraction(60, 100)
    assert {c: p.contribution for c, p in parts.items()} == {
        "I03.2.a": Fraction(30, 100),
        "I03.2.b": Fraction(30, 100),
    }


def test_a_criterion_that_moved_nothing_has_no_share_and_one_that_held_everything_has_the_most() -> None:
    """Level 2 and 3 lost one criterion each, and 5 gained one that counts for nothing."""
    before = scored(met("I03.2", "I03.3", "I03.4"))
    after = scored(met("I03.2.b", "I03.3.b", "I03.4", "I03.5.a"))
    change, parts = only(before, after)
    assert (change.before, change.after) == (4, 1)
    # First or second to fall: the lower one costs 3 or 1 levels, the upper one 2 or 0.
    assert {c: p.contribution / Fraction(60, 100) for c, p in parts.items()} == {"I03.2.a": -2, "I03.3.a": -1}


def test_a_share_goes_to_the_evidence_that_is_new_else_gone_else_kept() -> None:
    _, parts = only(scored({}), scored(met("I03.2", evidence="<baru>")))
    assert [e.evidence for e in parts["I03.2.a"].evidence] == ["<baru>"]
    two = {call: a._replace(evidence_ids=("<1>", "<2>")) for call, a in met("I03.2").items()}
    _, parts = only(scored(two), scored({}))
    assert [(e.evidence, e.contribution) for e in parts["I03.2.a"].evidence] == [
        ("<1>", Fraction(-15, 100)),
        ("<2>", Fraction(-15, 100)),
    ]
    refuted = met("I03.2") | {doubt("I03.2.a"): Answer(True, "mati", ("<3>",), NOW)}
    _, parts = only(scored(met("I03.2")), scored(refuted))
    assert [e.evidence for e in parts["I03.2.a"].evidence] == ["<3>"]
    _, parts = only(scored(met("I03.2")), scored(met("I03.2"), as_of=NOW + 90 * DAY))
    assert [e.evidence for e in parts["I03.2.b"].evidence] == ["<1>"]


LATER = NOW + 90 * DAY
LONGER = {kind: Freshness(ttl=300 * DAY, grace=30 * DAY) for kind in FRESHNESS}


@pytest.mark.parametrize(
    ("before", "after", "failing", "cause"),
    [
        (scored(met("I03.2")), scored(met("I03.2") | {doubt("I03.2.a"): Answer(True, "mati", ("<2>",), NOW)}), (), "world"),
        (scored(met("I03.2")), scored(met("I03.2"), as_of=LATER), (), "expired"),
        (scored(met("I03.2")), scored(met("I03.2"), as_of=LATER), ("<1>",), "source_failed"),
        (scored(met("I03.2"), as_of=LATER), scored(met("I03.2")), (), "renewed"),
        (scored(met("I03.2"), as_of=LATER, freshness=LONGER), scored(met("I03.2"), as_of=LATER), (), "settings"),
        (scored({}, [signed("I03.2")]), scored({}, [signed("I03.2"), signed("I03.2", "dicabut", age=1)]), (), "attestation"),
        (scored({}, [signed("I03.2")]), scored({}, [signed("I03.2")], as_of=NOW + 400 * DAY), ("<urn:uuid:2>",), "expired"),
        (scored(met("I03.2")), scored({proof(c): Answer(None, "", error="rusak") for c in CRITERIA}), (), "probe_failed"),
        (scored({}, official={"3": 4}), scored({}, official={"3": 2}), (), "official"),
    ],
)  # fmt: skip
def test_the_kind_of_cause(before: Scored, after: Scored, failing: tuple[str, ...], cause: str) -> None:
    change, parts = only(before, after, failing)
    assert change.cause == cause
    assert {part.cause for part in parts.values()} == {cause}


def test_an_official_level_shares_with_the_criterion_that_caps_it() -> None:
    """Official 5 to 4 and possible 5 to 3: alone they cost 1 and 2 levels, together 2."""
    change, parts = only(
        scored({}, official={"3": 5}),
        scored({doubt("I03.4.a"): Answer(True, "mati", ("<2>",), NOW)}, official={"3": 4}),
    )
    assert change.cause == "world"
    assert {c: p.contribution / Fraction(60, 100) for c, p in parts.items()} == {
        "I03.4.a": Fraction(-3, 2),
        None: Fraction(-1, 2),
    }


def test_rules_are_told_apart_from_the_rest_by_the_score_between() -> None:
    old = scored(met("I03.2"), rules="lama")
    bridge = scored(met("I03.2") | met("I03.3"), rules="baru")
    new = scored(met("I03.2") | met("I03.3", "I03.4"), rules="baru", as_of=NOW + DAY)
    found = explained(INSTRUMENT, old, new, bridge)
    assert [(c.cause, c.before, c.after) for c in found] == [("rules", 2, 3), ("world", 3, 4)]
    assert {part.criterion for part in found[0].parts} == {"I03.3.a", "I03.3.b"}
    (whole,) = explained(INSTRUMENT, old, new)
    assert (whole.cause, whole.before, whole.after) == ("rules", 2, 4)
    assert "pantau rescore" in whole.why


def test_weights_that_changed_are_a_change_of_rules_even_at_the_same_level() -> None:
    heavier = INSTRUMENT.model_copy(
        update={
            "indicators": tuple(
                i.model_copy(update={"weight": Decimal(w)})
                for i, w in zip(INSTRUMENT.indicators, ("30", "10", "60"), strict=True)
            )
        }
    )
    before = scored(met("I01.2"), rules="lama")
    after = scored(met("I01.2"), rules="baru", instrument=heavier)
    found = explained(heavier, before, after, after)
    assert [(c.indicator, c.before, c.after) for c in found] == [("1", 2, 2), ("2", 1, 1)]
    assert sum(c.contribution for c in found) == after.index.provisional - before.index.provisional


# Properties -------------------------------------------------------------------------------------------------

evidence_sets = st.lists(st.sampled_from(["<1>", "<2>", "<3>"]), max_size=2, unique=True).map(tuple)
answer = st.builds(
    lambda holds, age, evidence: Answer(holds, "terlihat", evidence, NOW - age * DAY),
    st.sampled_from([True, True, True, False, None]),
    st.sampled_from([0.0, 2.9, 5.0, 33.0, 60.0]),
    evidence_sets,
)
# Few criteria, so that several of one indicator change at once.
answer_sets = st.dictionaries(
    st.sampled_from([call for c in CRITERIA[:12] for call in (proof(c), doubt(c))]), answer, max_size=24
)
weights = st.sampled_from([("12.5", "27.5", "60"), ("0.01", "39.99", "60"), ("33.33", "33.33", "33.34")])
dates = st.sampled_from([NOW, NOW + DAY, NOW + 40 * DAY])


@st.composite
def norms(draw: st.DrawFn) -> Instrument:
    """The small instrument with other weights, and rungs that build on others."""
    chosen, skips = draw(weights), draw(st.lists(st.booleans(), min_size=3, max_size=3))

    def built(position: int) -> tuple[object, ...]:
        levels_of = INSTRUMENT.indicators[position].levels
        return tuple(
            level.model_copy(update={"builds_on": 2}) if level.level == 4 and skips[position] else level
            for level in levels_of
        )

    return INSTRUMENT.model_copy(
        update={
            "bands": BANDS,
            "indicators": tuple(
                i.model_copy(update={"weight": Decimal(chosen[n]), "levels": built(n)})
                for n, i in enumerate(INSTRUMENT.indicators)
            ),
        }
    )


@few(40)
@given(
    norms(),
    norms(),
    answer_sets,
    answer_sets,
    statement_lists,
    officials,
    officials,
    dates,
    dates,
    st.booleans(),
)
def test_the_parts_of_any_change_add_up_to_the_last_digit(
    old_norm: Instrument,
    norm: Instrument,
    first: dict[ProbeCall, Answer],
    second: dict[ProbeCall, Answer],
    attested: list[Attested],
    official: dict[str, int],
    official_then: dict[str, int],
    begin: datetime,
    end: datetime,
    rules_changed: bool,
) -> None:
    if rules_changed:
        before = scored(first, attested, official, as_of=begin, rules="lama", instrument=old_norm)
        bridge = scored(first, attested[:2], official, as_of=begin, instrument=norm)
    else:
        before = bridge = scored(first, attested, official, as_of=begin, instrument=norm)
    after = scored(second, attested[1:], official_then, as_of=end, instrument=norm)
    for between in (bridge, None):
        found = explained(norm, before, after, between, ("<1>",))
        whole = after.index.provisional - before.index.provisional
        assert sum(c.contribution for c in found) == whole
        for change in found:
            assert sum(p.contribution for p in change.parts) == change.contribution
            assert all(p.contribution for p in change.parts)
            assert "other" not in {p.cause for p in change.parts}
            for part in change.parts:
                assert sum(e.contribution for e in part.evidence) == part.contribution
        pieces = [e.contribution for c in found for p in c.parts for e in p.evidence]
        step = Fraction(1, 10**10)
        rows = rows_sum_to(before.index.provisional, pieces, step)
        assert all(abs(row - piece) <= step for row, piece in zip(rows, pieces, strict=True))
        # Weights have two decimals and levels are whole, so the index needs four.
        assert sum(rows) == whole


@given(answer_sets, answer_sets, officials)
def test_going_back_undoes_what_going_forth_did(
    first: dict[ProbeCall, Answer], second: dict[ProbeCall, Answer], official: dict[str, int]
) -> None:
    one, two = scored(first, (), official), scored(second, (), official)
    forth = {c.indicator: c.contribution for c in changes(INSTRUMENT, one, two)}
    back = {c.indicator: -c.contribution for c in changes(INSTRUMENT, two, one)}
    assert forth == back
