"""Every rule of both norms, judged: what meets, what refutes over a signature, what only hints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from transforms.finding import Answer, Attested, ExternalValue, Finding, Freshness
from transforms.instrument import Instrument, ProbeCall, Rules, load_instrument, load_probes, load_rules
from transforms.scoring import judge

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PROBES = load_probes()
NORMS: dict[str, tuple[Instrument, Rules]] = {
    name: (norm := load_instrument(name), load_rules(norm)) for name in ("spbe-2020", "pemdi-2026")
}
FRESHNESS = {
    kind: Freshness(ttl=timedelta(days=365), grace=timedelta(days=30))
    for kind in ("regulation", "uptime", "application", "attestation", "external_index")
}
RULES = [(name, rule) for name, (_, rules) in NORMS.items() for rule in rules.rules]


def judged(
    name: str,
    criterion: str,
    answers: Mapping[ProbeCall, bool | None],
    *,
    is_signed: bool = False,
    external: Mapping[str, ExternalValue] | None = None,
) -> Finding:
    norm, rules = NORMS[name]
    alone = norm.model_copy(update={"indicators": (norm.indicator(str(int(criterion[1:3]))),)})
    said = {
        call: Answer(holds, "Terlihat", ("c-1",), NOW - timedelta(hours=1)) for call, holds in answers.items()
    }
    signatures = [
        Attested(
            criterion, "terpenuhi", "Kepala Dinas", NOW - timedelta(days=1), NOW + timedelta(days=90), "x", ()
        )
    ]
    found = judge(rules, alone, PROBES, said, signatures if is_signed else [], FRESHNESS, NOW, external)
    return next(finding for finding in found if finding.criterion == criterion)


REFUTING = [
    pytest.param(name, rule.criterion, call, id=f"{rule.criterion} of {name}: {call.key}")
    for name, rule in RULES
    for call in rule.refuted_by
]


@pytest.mark.parametrize(("name", "criterion", "call"), REFUTING)
def test_what_refutes_overrules_a_signature_and_only_when_it_is_there(
    name: str, criterion: str, call: ProbeCall
) -> None:
    assert judged(name, criterion, {call: True}, is_signed=True).state == "not_met"
    for holds in (False, None):
        assert judged(name, criterion, {call: holds}, is_signed=True).state == "met"
        assert judged(name, criterion, {call: holds}).state == "unknown"


MEETING = [
    pytest.param(name, rule.criterion, call, id=f"{rule.criterion} of {name}: {call.key}")
    for name, rule in RULES
    for call in rule.met_by
]


@pytest.mark.parametrize(("name", "criterion", "call"), MEETING)
def test_what_meets_needs_no_signature_and_never_beats_one(
    name: str, criterion: str, call: ProbeCall
) -> None:
    assert judged(name, criterion, {call: True}).state == "met"
    assert judged(name, criterion, {call: None}).state == "unknown", "not found is not refuted"
    assert judged(name, criterion, {call: False}).state == "not_met"
    assert judged(name, criterion, {call: False}, is_signed=True).state == "met", (
        "another document may carry it"
    )


HINTING = [
    pytest.param(name, rule.criterion, call, id=f"{rule.criterion} of {name}: {call.key}")
    for name, rule in RULES
    for call in rule.hinted_by
]


@pytest.mark.parametrize(("name", "criterion", "call"), HINTING)
def test_a_hint_is_shown_and_changes_nothing(name: str, criterion: str, call: ProbeCall) -> None:
    without = judged(name, criterion, {})
    hinted = judged(name, criterion, {call: True})
    assert (hinted.state, hinted.hint) == (without.state, "Terlihat") and without.hint is None
    assert judged(name, criterion, {call: False}).hint is None


@pytest.mark.parametrize(
    ("number", "index", "value", "met"),
    [
        ("5", "SDI", "12.5", 1), ("5", "SDI", "62.5", 3), ("5", "SDI", "63", 4),
        ("6", "SJIG", "2.5", 2), ("6", "SJIG", "2.51", 3),
        ("7", "IPS", "1.79", 1), ("7", "IPS", "1.8", 2), ("7", "IPS", "4.2", 5),
    ],
)  # fmt: skip
def test_a_borrowed_index_answers_all_items_of_its_indicator(
    number: str, index: str, value: str, met: int
) -> None:
    norm, _ = NORMS["pemdi-2026"]
    known = {index: ExternalValue(index, 2026, Decimal(value), NOW - timedelta(days=9), None, "surat", ())}
    for level in norm.indicator(number).levels:
        for criterion in level.criteria:
            found = judged("pemdi-2026", criterion.id, {}, external=known, is_signed=True)
            assert found.state == ("met" if level.level <= met else "not_met"), criterion.id


def test_without_any_evidence_pemdi_claims_nothing() -> None:
    norm, rules = NORMS["pemdi-2026"]
    found = judge(rules, norm, PROBES, {}, [], FRESHNESS, NOW)
    assert {finding.state for finding in found} == {"unknown"} and len(found) == 231
