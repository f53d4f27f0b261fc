"""A small instrument for tests of scoring: the shape of a real one, few enough rungs to work out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from transforms.instrument import (
    Aspect,
    Band,
    Criterion,
    Domain,
    Indicator,
    Instrument,
    Level,
    Probe,
    ProbeCall,
    Rounding,
    Rule,
    Rules,
)
from transforms.norm import PredikatFrom

BANDS = (
    Band(predikat="Memuaskan", min="4.2", max="5.0", max_inclusive=True),  # type: ignore[arg-type]
    Band(predikat="Sangat Baik", min="3.5", max="4.2"),  # type: ignore[arg-type]
    Band(predikat="Baik", min="2.6", max="3.5"),  # type: ignore[arg-type]
    Band(predikat="Cukup", min="1.8", max="2.6"),  # type: ignore[arg-type]
    Band(predikat="Kurang", min="1.0", max="1.8"),  # type: ignore[arg-type]
)


def indicator(
    number: str, weight: str, *, domain: str, aspect: str, proves: int = 2, skip_to_4: bool = False
) -> Indicator:
    """An indicator with two criteria per level above 1; `skip_to_4` builds level 4 on 2, as I3 is printed."""
    levels = [
        Level(
            level=n,
            stage=f"Tahap {n}",
            builds_on=2 if skip_to_4 and n == 4 else n - 1,
            criteria=tuple(
                Criterion(id=f"I{number:0>2}.{n}.{letter}", text=f"syarat {n}{letter}")
                for letter in ("a" if n == 1 else "ab")
            ),
        )
        for n in range(1, 6)
    ]
    return Indicator(
        number=number,
        name=f"Indikator {number}",
        short_name=f"Singkat {number}",
        domain=domain,
        aspect=aspect,
        weight=Decimal(weight),
        capability="proses",
        proves_level=proves,
        levels=tuple(levels),
    )


INSTRUMENT = Instrument(
    id="kecil",
    name="Instrumen kecil",
    short_name="Kecil",
    legal_basis="dibuat untuk pengujian",
    owner="pengujian",
    valid_from=date(2021, 1, 1),
    valid_to=None,
    criteria_source="pengujian",
    bands=BANDS,
    rounding=Rounding(digits=2, mode="half_up", source="pengujian"),
    predikat_from=PredikatFrom(rule="unrounded"),
    worked_examples=(),
    domains=(
        Domain(number="1", name="Satu", weight=Decimal("40")),
        Domain(number="2", name="Dua", weight=Decimal("60")),
    ),
    aspects=(
        Aspect(number="1", name="Aspek satu", domain="1", weight=Decimal("40")),
        Aspect(number="2", name="Aspek dua", domain="2", weight=Decimal("60")),
    ),
    indicators=(
        indicator("1", "12.5", domain="1", aspect="1"),
        indicator("2", "27.5", domain="1", aspect="1", skip_to_4=True),
        indicator("3", "60", domain="2", aspect="2"),
    ),
)

PROBES = {
    name: Probe(id=name, question="?", kind=kind, parameters=("of",), sql="")  # type: ignore[arg-type]
    for name, kind in (("proof", "regulation"), ("doubt", "uptime"))
}


def proof(criterion: str) -> ProbeCall:
    """The probe that can meet a criterion."""
    return ProbeCall(probe="proof", with_=(("of", criterion),))


def doubt(criterion: str) -> ProbeCall:
    """The probe that can refute it."""
    return ProbeCall(probe="doubt", with_=(("of", criterion),))


def rule(criterion: str) -> Rule:
    """Every criterion above level 1 can be met by a probe or an attestation, and refuted by another probe."""
    if ".1." in criterion:
        return Rule(criterion=criterion, owner="-", floor=True, remedy="-")
    return Rule(
        criterion=criterion,
        owner="Diskominfo",
        met_by=(proof(criterion),),
        attestation=True,
        refuted_by=(doubt(criterion),),
        remedy="Lengkapi.",
    )


RULES = Rules(instrument="kecil", rules=tuple(rule(c.id) for _, _, c in INSTRUMENT.placed()))
CRITERIA = tuple(c.id for _, level, c in INSTRUMENT.placed() if level.level > 1)
