"""Levels to aspects, domains and the index: exact weighted means, and the predikat of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from transforms.instrument import Aspect, Domain, Indicator, Instrument
from transforms.scoring import IndicatorLevel

LEVELS = (1, 2, 3, 4, 5)


class LevelsError(Exception):
    """Levels that no assessment could give; the message names each indicator at fault."""


@dataclass(frozen=True)
class Aggregate:
    """The three numbers of an aspect, a domain or the index, exact; `predikat` only for the index."""

    scope: Literal["index", "domain", "aspect"]
    code: str
    name: str
    weight: Decimal
    proven: Fraction
    provisional: Fraction
    possible: Fraction
    coverage: Fraction
    predikat: str | None


def aggregates(instrument: Instrument, scored: Sequence[IndicatorLevel]) -> tuple[Aggregate, ...]:
    """The index, the domains and the aspects, exact: weighted means over the instrument's fixed weights."""
    by_number = {level.indicator: level for level in scored}

    def of(
        scope: Literal["index", "domain", "aspect"], code: str, name: str, members: Sequence[Indicator]
    ) -> Aggregate:
        total = sum((m.weight for m in members), Decimal(0))

        def mean(value: Callable[[IndicatorLevel], int | Fraction]) -> Fraction:
            return sum(
                (Fraction(m.weight) * value(by_number[m.number]) for m in members), Fraction(0)
            ) / Fraction(total)

        provisional = mean(lambda x: x.provisional)
        return Aggregate(
            scope,
            code,
            name,
            total,
            mean(lambda x: x.proven),
            provisional,
            mean(lambda x: x.possible),
            mean(lambda x: x.coverage),
            predikat(instrument, provisional) if scope == "index" else None,
        )

    everything = list(instrument.indicators)
    return (
        of("index", "indeks", f"Indeks {instrument.short_name}", everything),
        *(
            of("domain", d.number, d.name, [i for i in everything if i.domain == d.number])
            for d in instrument.domains
        ),
        *(
            of("aspect", a.number, a.name, [i for i in everything if i.aspect == a.number])
            for a in instrument.aspects
        ),
    )


def rounded(value: Fraction, digits: int = 2) -> Decimal:
    """A value rounded half up, as official results are (reconstructed: see the instrument's rounding)."""
    step = Decimal(1).scaleb(-digits)
    scaled = value * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    return (Decimal(whole + (2 * rest >= scaled.denominator)) * step).quantize(step, ROUND_HALF_UP)


def exact(value: Fraction) -> Decimal:
    """A value to ten decimals; the index of integer levels and two-digit weights is exact in four."""
    return rounded(value, 10).normalize()


def predikat(instrument: Instrument, value: Fraction) -> str:
    """The predikat of an index: bands are closed below and open above (Tabel 13).

    Whether the rounded or the unrounded index is banded is the instrument's setting `predikat_from`.
    """
    banded = Fraction(rounded(value)) if instrument.predikat_from.rule == "rounded" else value
    for band in instrument.bands:
        low, high = Fraction(band.min), Fraction(band.max)
        if low <= banded < high or (band.max_inclusive and banded == high):
            return band.predikat
    raise LevelsError(f"index {exact(value)} is in no band of {instrument.id}; levels must be 1 to 5")


def calculate(instrument: Instrument, given: Mapping[str, int | Decimal]) -> tuple[Aggregate, ...]:
    """Index, domains and aspects from one level per indicator.

    Raises LevelsError naming every indicator that is missing, unknown or not at a whole level from 1 to 5.
    """
    numbers = [indicator.number for indicator in instrument.indicators]
    problems = [f"indicator {n} is missing" for n in numbers if n not in given]
    problems += [f"indicator {n} does not exist in {instrument.id}" for n in given if n not in numbers]
    problems += [f"indicator {n}: level {v} is not 1 to 5" for n, v in given.items() if v not in LEVELS]
    if problems:
        raise LevelsError("; ".join(problems))
    scored = [
        IndicatorLevel(i.number, i.weight, level, level, level, level, None, Fraction(1))
        for i in instrument.indicators
        for level in [int(given[i.number])]
    ]
    return aggregates(instrument, scored)


def combine(
    instrument: Instrument, scope: Literal["aspect", "domain"], given: Mapping[str, Decimal]
) -> tuple[Aggregate, ...]:
    """The index, and the parts below it, from one value per aspect or per domain.

    Published values have two decimals: an index from them is off by 0.01 for about one institution in nine.
    Raises LevelsError naming every part that is missing, unknown or outside 1..5.
    """
    parts = instrument.aspects if scope == "aspect" else instrument.domains
    numbers = [part.number for part in parts]
    problems = [f"{scope} {n} is missing" for n in numbers if n not in given]
    problems += [f"{scope} {n} does not exist in {instrument.id}" for n in given if n not in numbers]
    problems += [f"{scope} {n}: value {v} is not 1 to 5" for n, v in given.items() if not 1 <= v <= 5]
    if problems:
        raise LevelsError("; ".join(problems))

    def of(
        scope: Literal["index", "domain", "aspect"], code: str, name: str, members: Sequence[Aspect | Domain]
    ) -> Aggregate:
        weight = sum((m.weight for m in members), Decimal(0))
        value = sum((Fraction(m.weight * given[m.number]) for m in members), Fraction(0)) / Fraction(weight)
        banded = predikat(instrument, value) if scope == "index" else None
        return Aggregate(scope, code, name, weight, value, value, value, Fraction(1), banded)

    domains = [
        of("domain", d.number, d.name, [a for a in instrument.aspects if a.domain == d.number])
        for d in instrument.domains
        if scope == "aspect"
    ]
    return (
        of("index", "indeks", f"Indeks {instrument.short_name}", parts),
        *domains,
        *(of(scope, part.number, part.name, [part]) for part in parts),
    )
