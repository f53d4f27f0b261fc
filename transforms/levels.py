"""Findings to levels: what an indicator reaches. Pure: no network, no warehouse, no clock.

Three numbers are kept for everything (DESIGN.md, "What a score is"):

- *proven* (terbukti): only fresh evidence counts;
- *possible* (potensi): everything not refuted counts;
- *provisional* (nilai sementara): per indicator the last official level where there is one, held between the
  floor and the possible level; else the floor. The floor is the proven level plus stale evidence that is
  carried inside its grace period.

proven <= floor <= provisional <= possible, for every indicator and so for every weighted sum.

On a whole scale each is a level, a whole number; on an itemised scale a score, an exact decimal of at most
eight places (SCORE_DIGITS). Where an index of another body makes the score, its conversion stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

from transforms.finding import Finding, Same
from transforms.instrument import Band, Indicator, Instrument

Score = int | Fraction
"""A level of a whole scale (int), or a score of an itemised one (Fraction)."""

SCORE_DIGITS = 8
"""A score that is no decimal, such as 1 + 1/6, is rounded half up to so many places.

With weights of whole percents the index then has ten places at most, and is stored without loss.
"""


@dataclass(frozen=True)
class IndicatorLevel:
    """The levels or scores of one indicator.

    `coverage` is the share of its criteria that are freshly answered, the floor of a whole scale (level 1)
    left out. `rung` is the highest level that the provisional value holds wholly; 0 is below level 1.
    """

    indicator: str
    weight: Decimal
    proven: Score
    floor: Score
    provisional: Score
    possible: Score
    official: Score | None
    coverage: Fraction
    rung: int | None = None

    @cached_property
    def said(self) -> str:
        """All that it says as one text."""
        # The text is in the ids of scores: it must stay as it is.
        return repr([getattr(self, entry.name) for entry in fields(self)])


def level_of(indicator: Indicator, counts: Callable[[str], bool]) -> int:
    """The highest level whose criteria all count, together with those of the level it builds on, down to 1.

    Levels are cumulative (PermenPANRB 59/2020 hlm. 20-21); `builds_on` is the level before, except where the
    regulation prints otherwise (I3 level 4 builds on 2, hlm. 32).
    """
    reached = {1}
    for level in indicator.levels:
        if level.level > 1 and level.builds_on in reached and all(counts(c.id) for c in level.criteria):
            reached.add(level.level)
    return max(reached)


def score_of(bands: Sequence[Band], indicator: Indicator, counts: Callable[[str], bool]) -> Fraction:
    """The score of an indicator of an itemised scale (`LevelToScore`): from 1, level by level.

    `bands` are from the lowest up. The first level that is not wholly met adds its share of items; what is
    met above it adds nothing.
    """
    score = Fraction(1)
    for level, band in zip(indicator.levels, bands, strict=True):
        low, high = band.ends
        met = sum(counts(c.id) for c in level.criteria)
        if met < len(level.criteria):
            return to_digits(low + (high - low) * Fraction(met, len(level.criteria)))
        score = high
    return score


def to_digits(score: Fraction) -> Fraction:
    """A score to SCORE_DIGITS places, half up."""
    step = 10**SCORE_DIGITS
    return score if step % score.denominator == 0 else Fraction((2 * score * step + 1).__floor__() // 2, step)


def rung_of(instrument: Instrument, score: Score) -> int:
    """The highest level whose band lies wholly at or below the score; the level itself on a whole scale."""
    if isinstance(score, int):
        return score
    return sum(band.ends[1] <= score for band in instrument.ordered_bands)


def shown(score: Score) -> str:
    """A level or score as officers read it: ``4``, or ``2,50``."""
    if isinstance(score, int):
        return str(score)
    hundredths = (2 * score * 100 + 1).__floor__() // 2
    return f"{hundredths // 100},{hundredths % 100:02d}"


def levels(
    instrument: Instrument,
    findings: Iterable[Finding] | Mapping[str, Finding],
    official: Mapping[str, Score | Decimal],
    only: Collection[str] | None = None,
) -> tuple[IndicatorLevel, ...]:
    """The levels of every indicator (or of some) from the findings of one institution.

    `official` maps indicator numbers to the last official level, where the institution's file gives one;
    on a whole scale they are whole.
    """
    by_id = findings if isinstance(findings, Mapping) else {found.criterion: found for found in findings}
    wanted = (
        by_id
        if only is None
        else [c for own in _owns(Same(instrument)) if own.number in only for c in own.criteria]
    )
    marks = {criterion: mark_of(by_id[criterion]) for criterion in wanted}
    scores = {criterion: by_id[criterion].score for criterion in wanted}
    return levels_of_marks(instrument, marks, scores, official, only)


def levels_of_marks(
    instrument: Instrument,
    marks: Mapping[str, int],
    scores: Mapping[str, Score | None],
    official: Mapping[str, Score | Decimal],
    only: Collection[str] | None = None,
) -> tuple[IndicatorLevel, ...]:
    """The same from what each criterion counts for (`mark_of`), and the scores of those that have one."""
    found = []
    for own in _owns(Same(instrument)):
        number = own.number
        if only is None or number in only:
            known = official_of(instrument, official.get(number)) if number in official else None
            counts = tuple([marks[criterion] for criterion in own.criteria])
            found.append(_level(own, counts, scores.get(own.criteria[0]), known))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Own:
    """An indicator of an instrument with the ids of its criteria."""

    instrument: Instrument
    indicator: Indicator
    number: str
    criteria: tuple[str, ...]


@lru_cache(maxsize=16)
def _owns(instrument: Same) -> tuple[_Own, ...]:
    assert isinstance(instrument.it, Instrument)
    return tuple(_Own(instrument.it, i, i.number, _ids_of(Same(i))) for i in instrument.it.indicators)


@lru_cache(maxsize=1 << 16)
def _level(own: _Own, marks: tuple[int, ...], score: Score | None, official: Score | None) -> IndicatorLevel:
    """The level of an indicator, the same object wherever it is the same: few differ among institutions."""
    norm, indicator = own.instrument, own.indicator
    proven, floor, provisional, possible, coverage = numbers_of(norm, indicator, marks, score, official)
    return IndicatorLevel(
        indicator.number,
        indicator.weight,
        proven,
        floor,
        provisional,
        possible,
        official,
        coverage,
        rung_of(norm, provisional),
    )


def mark_of(found: Finding) -> int:
    """What a criterion counts for: 1 it holds or 2 is carried, plus 4 it is open, plus 8 freshly answered."""
    return (
        (1 if found.state == "met" else 2 if found.state == "stale" and found.is_carried else 0)
        + (4 if found.state != "not_met" else 0)
        + (8 if found.is_fresh else 0)
    )


def official_of(instrument: Instrument, given: Score | Decimal | None) -> Score | None:
    """An official level as a score of the instrument's scale."""
    if given is None:
        return None
    return Fraction(given) if instrument.scale == "itemised" else int(given)


def numbers_of(
    instrument: Instrument,
    indicator: Indicator,
    marks: tuple[int, ...],
    score: Score | None,
    official: Score | None,
) -> tuple[Score, Score, Score, Score, Fraction]:
    """Proven, floor, provisional and possible level of an indicator, and its coverage.

    `marks` are of its criteria, in order; `score` is what its first criterion says where an index of another
    body makes the score.
    """
    proven, floor, possible, coverage = _reached(
        instrument.scale == "itemised", Same(instrument.bands), Same(indicator), marks
    )
    if indicator.score_from == "external_index":
        proven, floor, possible = _borrowed_bounds(instrument.ordered_bands, marks[0], score)
    provisional = floor if official is None else min(max(official, floor), possible)
    return proven, floor, provisional, possible, coverage


def _borrowed_bounds(bands: Sequence[Band], mark: int, score: Score | None) -> tuple[Score, Score, Score]:
    """Proven, floor and possible where the index of another body makes the score."""
    lowest = bands[0].ends[0]
    if score is None:
        return lowest, lowest, bands[-1].ends[1]
    return score if mark & 1 else lowest, score if mark & 3 else lowest, score


@lru_cache(maxsize=1024)
def _ids_of(indicator: Same) -> tuple[str, ...]:
    assert isinstance(indicator.it, Indicator)
    return tuple(c.id for c in indicator.it.criteria)


@lru_cache(maxsize=1 << 16)
def _reached(
    itemised: bool, bands: Same, indicator: Same, marks: tuple[int, ...]
) -> tuple[Score, Score, Score, Fraction]:
    """Proven, floor, possible and coverage from the marks (`mark_of`) of an indicator's criteria, in order.

    Most institutions and days bring only marks that were seen before.
    """
    assert isinstance(bands.it, tuple)
    assert isinstance(indicator.it, Indicator)
    own, ordered = indicator.it, sorted(bands.it, key=lambda band: band.min)
    of = dict(zip(_ids_of(indicator), marks, strict=True))

    def at(bits: int) -> Score:
        def counts(criterion: str) -> bool:
            return bool(of[criterion] & bits)

        return score_of(ordered, own, counts) if itemised else level_of(own, counts)

    asked = [c.id for level in own.levels if itemised or level.level > 1 for c in level.criteria]
    return at(1), at(3), at(4), Fraction(sum(bool(of[c] & 8) for c in asked), len(asked))
