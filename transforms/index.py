"""Levels to aspects, domains and the index: exact weighted means, and the predikat of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm
from operator import itemgetter, mul
from typing import Literal

from transforms.finding import Same
from transforms.instrument import Aspect, Domain, Indicator, Instrument, WorkedExample
from transforms.levels import IndicatorLevel, Score

LEVELS = (1, 2, 3, 4, 5)

Scope = Literal["index", "domain", "aspect"]
Given = Literal["indicator", "aspect", "domain"]


class LevelsError(Exception):
    """Levels that no assessment could give; the message names each indicator at fault."""


@dataclass(frozen=True)
class Aggregate:
    """The three numbers of an aspect, a domain or the index, exact.

    `predikat` is for the index, and for aspects where the instrument gives them one.
    """

    scope: Scope
    code: str
    name: str
    weight: Decimal
    proven: Fraction
    provisional: Fraction
    possible: Fraction
    coverage: Fraction
    predikat: str | None


@dataclass(frozen=True, eq=False)
class _Part:
    """The index, a domain or an aspect, with its members' places among the indicators and their weight."""

    instrument: Instrument
    scope: Scope
    code: str
    name: str
    weight: Decimal
    members: tuple[int, ...]
    total: int

    @cached_property
    def of(self) -> Callable[[Sequence[int]], Iterable[int]]:
        """Those of its members, out of what there is of each indicator."""
        if len(self.members) > 1:
            return itemgetter(*self.members)
        return lambda of_all: [of_all[place] for place in self.members]


@dataclass(frozen=True, eq=False)
class _Parts:
    """All parts of an instrument, and the weights of its indicators as whole numbers."""

    weights: tuple[int, ...]
    parts: tuple[_Part, ...]

    def means(self, values: Sequence[Score]) -> Iterator[tuple[int, int]]:
        """The weighted mean of each part, exact: numerator and denominator, not always in lowest terms."""
        # Sums whole numbers over a common denominator: fractions are slow.
        shared = lcm(*[value.denominator for value in values])
        if shared == 1:
            shares = list(map(mul, self.weights, [value.numerator for value in values]))
        else:
            shares = [
                weight * value.numerator * (shared // value.denominator)
                for weight, value in zip(self.weights, values, strict=True)
            ]
        for part in self.parts:
            yield sum(part.of(shares)), part.total * shared


@lru_cache(maxsize=16)
def _parts_of(same: Same) -> _Parts:
    assert isinstance(same.it, Instrument)
    instrument = same.it
    places = list(enumerate(instrument.indicators))
    step = lcm(*(Fraction(i.weight).denominator for i in instrument.indicators))
    weights = tuple(int(Fraction(i.weight) * step) for i in instrument.indicators)

    def part(scope: Scope, code: str, name: str, chosen: Sequence[tuple[int, Indicator]]) -> _Part:
        members = tuple(place for place, _ in chosen)
        weight = sum((i.weight for _, i in chosen), Decimal(0))
        total = sum(weights[place] for place in members)
        return _Part(instrument, scope, code, name, weight, members, total)

    parts = (
        part("index", "indeks", f"Indeks {instrument.short_name}", places),
        *(
            part("domain", d.number, d.name, [(p, i) for p, i in places if i.domain == d.number])
            for d in instrument.domains
        ),
        *(
            part("aspect", a.number, a.name, [(p, i) for p, i in places if i.aspect == a.number])
            for a in instrument.aspects
        ),
    )
    return _Parts(weights, parts)


def aggregates(instrument: Instrument, scored: Sequence[IndicatorLevel]) -> tuple[Aggregate, ...]:
    """The index, the domains and the aspects, exact: weighted means over the instrument's fixed weights."""
    by_number = {level.indicator: level for level in scored}
    ordered = [by_number[indicator.number] for indicator in instrument.indicators]
    known = _parts_of(Same(instrument))
    means = zip(
        known.means([level.proven for level in ordered]),
        known.means([level.provisional for level in ordered]),
        known.means([level.possible for level in ordered]),
        known.means([level.coverage for level in ordered]),
        strict=True,
    )
    return tuple([_aggregate(part, *of_part) for part, of_part in zip(known.parts, means, strict=True)])


@lru_cache(maxsize=1 << 15)
def _aggregate(
    part: _Part,
    proven: tuple[int, int],
    provisional: tuple[int, int],
    possible: tuple[int, int],
    coverage: tuple[int, int],
) -> Aggregate:
    """The numbers of a part from its means, the same object wherever they are the same."""
    middle = Fraction(*provisional)
    return Aggregate(
        part.scope,
        part.code,
        part.name,
        part.weight,
        Fraction(*proven),
        middle,
        Fraction(*possible),
        Fraction(*coverage),
        _predikat_of(part.instrument, part.scope, middle),
    )


def _predikat_of(instrument: Instrument, scope: Scope, value: Fraction) -> str | None:
    banded = instrument.aspect_predikat is not None and instrument.aspect_predikat.rule == "same_bands"
    if scope == "index" or (scope == "aspect" and banded):
        return predikat(instrument, value)
    return None


def rounded(value: Fraction, digits: int = 2) -> Decimal:
    """A value rounded half up, as official results are (reconstructed: see the instrument's rounding)."""
    whole = (2 * value.numerator * 10**digits + value.denominator) // (2 * value.denominator)
    return Decimal(whole).scaleb(-digits)


def exact(value: Fraction) -> Decimal:
    """A value to ten decimals.

    The index of whole levels and two-digit weights is exact in four, that of scores (eight decimals) and
    whole weights in ten.
    """
    return rounded(value, 10).normalize()


def predikat(instrument: Instrument, value: Fraction) -> str:
    """The predikat of an index, by the instrument's bands (SPBE: Tabel 13; Pemdi: Tabel 4).

    Whether the rounded or the unrounded index is banded is the instrument's setting `predikat_from`.
    """
    banded = Fraction(rounded(value)) if instrument.predikat_from.rule == "rounded" else value
    for band in instrument.ordered_bands:
        if band.covers(banded):
            return band.predikat
    raise LevelsError(f"index {exact(value)} is in no band of {instrument.id}; levels must be 1 to 5")


def calculate(instrument: Instrument, given: Mapping[str, int | Decimal]) -> tuple[Aggregate, ...]:
    """Index, domains and aspects from one level per indicator (on an itemised scale: one score).

    Raises LevelsError naming every indicator that is missing, unknown or not at a whole level from 1 to 5
    (itemised: not at a score from 1 to 5).
    """
    whole = instrument.scale == "whole"
    numbers = {indicator.number for indicator in instrument.indicators}
    problems = [f"indicator {i.number} is missing" for i in instrument.indicators if i.number not in given]
    problems += [f"indicator {n} does not exist in {instrument.id}" for n in given if n not in numbers]
    problems += [
        f"indicator {n}: {'level' if whole else 'score'} {v} is not 1 to 5"
        for n, v in given.items()
        if not (v in LEVELS if whole else 1 <= v <= 5)
    ]
    if problems:
        raise LevelsError("; ".join(problems))
    values = [int(given[i.number]) if whole else Fraction(given[i.number]) for i in instrument.indicators]

    known = _parts_of(Same(instrument))
    means = zip(known.parts, known.means(values), strict=True)
    return tuple(_aggregate(part, mean, mean, mean, (1, 1)) for part, mean in means)


def combine(
    instrument: Instrument, scope: Literal["aspect", "domain"], given: Mapping[str, Decimal]
) -> tuple[Aggregate, ...]:
    """The index, and the parts below it, from one value per aspect or per domain.

    Published values have two decimals: an index from them is off by 0.01 for about one institution in nine.
    Raises LevelsError naming every part that is missing, unknown or outside 1..5.
    """
    parts = instrument.aspects if scope == "aspect" else instrument.domains
    numbers = [part.number for part in parts]
    if not parts:
        raise LevelsError(f"{instrument.id} has no {scope}s; give values of aspects")
    problems = [f"{scope} {n} is missing" for n in numbers if n not in given]
    problems += [f"{scope} {n} does not exist in {instrument.id}" for n in given if n not in numbers]
    problems += [f"{scope} {n}: value {v} is not 1 to 5" for n, v in given.items() if not 1 <= v <= 5]
    if problems:
        raise LevelsError("; ".join(problems))

    def of(scope: Scope, code: str, name: str, members: Sequence[Aspect | Domain]) -> Aggregate:
        weight = sum((m.weight for m in members), Decimal(0))
        value = sum((Fraction(m.weight * given[m.number]) for m in members), Fraction(0)) / Fraction(weight)
        banded = _predikat_of(instrument, scope, value)
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


def worked(instrument: Instrument, example: WorkedExample) -> tuple[Aggregate, ...]:
    """What the calculator makes of the values of a worked example; what it leaves out is 1."""
    top: Given = "domain" if instrument.domains else "aspect"
    usual: Mapping[Scope, Given] = {"aspect": "indicator", "domain": "aspect", "index": top}
    given = example.given or usual[example.scope]
    parts: Mapping[Given, Sequence[Indicator | Aspect | Domain]] = {
        "indicator": instrument.indicators,
        "aspect": instrument.aspects,
        "domain": instrument.domains,
    }
    values = {part.number: example.values.get(part.number, Decimal(1)) for part in parts[given]}
    return calculate(instrument, values) if given == "indicator" else combine(instrument, given, values)
