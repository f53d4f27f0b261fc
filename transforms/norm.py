"""The norm as frozen types: what a norm file says.

An *instrument* is a versioned legal norm: domains, aspects, indicators, weights, and for every level of every
indicator the criteria it asks for. `transforms/instrument.py` loads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from transforms.norm_files import InstrumentError


def _quoted_decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write {value} in quotes: an unquoted number is a binary float")
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a decimal number") from error


Number = Annotated[Decimal, BeforeValidator(_quoted_decimal)]


class Frozen(BaseModel):
    """A model of a norm file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Band(Frozen):
    """A predikat and the index values from `min` to `max` that it covers; each end belongs to it or not."""

    predikat: str
    alias: tuple[str, ...] = ()
    min: Number
    max: Number
    min_inclusive: bool = True
    max_inclusive: bool = False

    @cached_property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Both ends, exact."""
        return Fraction(self.min), Fraction(self.max)

    def covers(self, value: Fraction) -> bool:
        """Whether the value has this predikat."""
        low, high = self.ends
        return (
            low < value < high
            or (self.min_inclusive and value == low)
            or (self.max_inclusive and value == high)
        )


def _rule_alone(value: object) -> object:
    return {"rule": value} if isinstance(value, str) else value


class Setting(Frozen):
    """A rule that the norm leaves open, or that was inferred: `unverified` ones are shown beside the score.

    Written as the rule alone, or as a mapping.
    """

    rule: str
    unverified: bool = False
    note: str | None = None


class PredikatFrom(Setting):
    """Whether bands apply to the index as it is or as it is rounded."""

    rule: Literal["unrounded", "rounded"]


class LevelToScore(Setting):
    """How an itemised scale turns levels into a score.

    proportional: of the level being pursued, the share of its items that are met, between the ends of that
    level's band; a level whose items are all met scores the upper end of its band, and those below it must be
    met first.
    """

    rule: Literal["proportional"]


class AspectPredikat(Setting):
    """Whether aspects have a predikat: by the bands of the index, or none."""

    rule: Literal["same_bands", "none"]


class Rounding(Frozen):
    """How the index is rounded for display; aspects and domains keep full precision."""

    digits: int = Field(ge=0, le=6)
    mode: Literal["half_up"]
    source: str
    unverified: bool = False


class WorkedExample(Frozen):
    """A published calculation: `values` by code give `result`, to its own digits, for `scope` `code`.

    `given` says what the codes are: without it, indicators for an aspect, aspects for a domain, and domains
    (aspects where there are none) for the index. `exact`, `predikat` and `aspects` are what the same
    calculation must also give.
    """

    id: str
    scope: Literal["aspect", "domain", "index"]
    code: str | None = None
    given: Literal["indicator", "aspect", "domain"] | None = None
    values: dict[str, Number]
    result: Number
    exact: Number | None = None
    predikat: str | None = None
    aspects: dict[str, Number] = Field(default_factory=dict)
    unverified: bool = False
    source: str


class Scale(Frozen):
    """From where to where an index of somebody else goes."""

    min: Number
    max: Number


class ExternalBand(Frozen):
    """The values of an external index that stand for a level, and the scores their ends turn into."""

    level: int = Field(ge=1, le=5)
    min: Number
    max: Number
    score_min: Number
    score_max: Number


class ExternalIndex(Frozen):
    """An index of another body that stands for the score of an indicator (PermenPANRB 8/2026, Pasal 7).

    `intervals` says to which band a value on a border belongs; the two ends of the scale always belong to
    the outermost bands. Between the ends of a band the score is linear.
    """

    id: str
    name: str
    owner: str
    scale: Scale
    intervals: Literal["right_closed", "left_closed"]
    bands: tuple[ExternalBand, ...]
    unverified: bool = False
    source: str
    note: str | None = None

    def level(self, value: Decimal) -> int:
        """The level in whose band the value lies. Raises InstrumentError outside the scale."""
        return self._band(value).level

    def score(self, value: Decimal) -> Fraction:
        """The score the value turns into, exact. Raises InstrumentError outside the scale."""
        band = self._band(value)
        share = Fraction(value - band.min) / Fraction(band.max - band.min)
        return Fraction(band.score_min) + share * Fraction(band.score_max - band.score_min)

    def _band(self, value: Decimal) -> ExternalBand:
        if not self.scale.min <= value <= self.scale.max:
            raise InstrumentError(
                f"{self.id} {value} is outside its scale of {self.scale.min} to {self.scale.max}"
            )
        if self.intervals == "right_closed":
            return next(band for band in self.bands if value <= band.max)
        return next(band for band in reversed(self.bands) if value >= band.min)


class CarryOver(Frozen):
    """What of SPBE 2020 carries over to an indicator: a mapping of practitioners, not an official table.

    reuse: evidence can be used again; update: it needs updating; baru: the indicator is new. `indicators` are
    numbers of spbe-2020.
    """

    status: Literal["update", "reuse", "baru"]
    indicators: tuple[str, ...] = ()
    note: str | None = None


class Domain(Frozen):
    """A domain; `weight` in percent."""

    number: str
    name: str
    weight: Number


class Aspect(Frozen):
    """An aspect, of a domain where the instrument has any; `weight` in percent."""

    number: str
    name: str
    domain: str = ""
    weight: Number


class Criterion(Frozen):
    """One thing asked for at one level, e.g. ``I01.4.b``."""

    id: str
    text: str


class Level(Frozen):
    """A level of an indicator. It is reached when its criteria and those of level `builds_on` are met.

    `builds_on` is the level below unless the norm says otherwise; 0 for level 1.
    """

    level: int
    stage: str = ""
    builds_on: int
    criteria: tuple[Criterion, ...]


class Indicator(Frozen):
    """An indicator; `weight` in percent of the index.

    `proves_level` is the highest level that evidence open to the public can honestly support; criteria above
    it are met by attestation only. `depends_on` are indicators it builds on or feeds. `external_index` names
    an index of another body that speaks on it; where `score_from` says so, that index alone makes the score.
    `unverified` names the fields here that do not come from the regulation.
    """

    number: str
    name: str
    short_name: str
    domain: str = ""
    aspect: str
    weight: Number
    capability: Literal["proses", "layanan"] | None = None
    proves_level: int = Field(ge=0, le=5)
    depends_on: tuple[str, ...] = ()
    external_index: str | None = None
    score_from: Literal["evidence", "external_index"] = "evidence"
    spbe_2020: CarryOver | None = None
    unverified: tuple[str, ...] = ()
    source: str | None = None
    note: str | None = None
    levels: tuple[Level, ...]

    def level(self, number: int) -> Level:
        """The level of that number, 1..5."""
        return self.levels[number - 1]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria, from level 1 up."""
        return tuple(criterion for level in self.levels for criterion in level.criteria)


NumberedT = TypeVar("NumberedT", Domain, Aspect, Indicator)


class Instrument(Frozen):
    """A whole norm.

    `short_name` is how the index is called ("SPBE"). `criteria_source` is where in the regulation the
    criteria are printed. On a `whole` scale an indicator is at a whole level from 1 to 5; on an `itemised`
    one its score is a decimal from 1.00, by `level_to_score`, and level n has the band n. `domains` may be
    empty.
    """

    id: str
    name: str
    short_name: str
    legal_basis: str
    owner: str
    valid_from: date
    valid_to: date | None
    repealed_by: str | None = None
    criteria_source: str
    bands: tuple[Band, ...]
    rounding: Rounding
    scale: Literal["whole", "itemised"] = "whole"
    predikat_from: Annotated[PredikatFrom, BeforeValidator(_rule_alone)]
    level_to_score: Annotated[LevelToScore, BeforeValidator(_rule_alone)] | None = None
    missing_values: Annotated[Setting, BeforeValidator(_rule_alone)] | None = None
    aspect_predikat: Annotated[AspectPredikat, BeforeValidator(_rule_alone)] | None = None
    crosswalk: Annotated[Setting, BeforeValidator(_rule_alone)] | None = None
    external_indices: tuple[ExternalIndex, ...] = ()
    worked_examples: tuple[WorkedExample, ...]
    domains: tuple[Domain, ...] = ()
    aspects: tuple[Aspect, ...]
    indicators: tuple[Indicator, ...]

    @cached_property
    def ordered_bands(self) -> tuple[Band, ...]:
        """The bands from the lowest up; on an itemised scale the n-th is that of level n."""
        return tuple(sorted(self.bands, key=lambda band: band.min))

    @property
    def unverified_settings(self) -> tuple[str, ...]:
        """What decides numbers here and was not found in the norm, as ``level_to_score: proportional``."""
        settings = ("level_to_score", "missing_values", "predikat_from", "aspect_predikat", "crosswalk")
        return (
            *(
                f"{name}: {setting.rule}"
                for name in settings
                if (setting := getattr(self, name)) is not None and setting.unverified
            ),
            *(["rounding: " + self.rounding.mode] if self.rounding.unverified else []),
            *(f"external_indices: {index.id}" for index in self.external_indices if index.unverified),
            *(
                f"indicator {indicator.number}: {name}"
                for indicator in self.indicators
                for name in indicator.unverified
            ),
        )

    def external_index(self, index: str) -> ExternalIndex:
        """The external index of that id. Raises InstrumentError for an unknown one."""
        for entry in self.external_indices:
            if entry.id == index:
                return entry
        raise InstrumentError(f"{self.id}: there is no external index {index!r}")

    def domain(self, number: str) -> Domain:
        """The domain of that number. Raises InstrumentError for an unknown one."""
        return _numbered(self.domains, number, f"{self.id}: there is no domain {number!r}")

    def aspect(self, number: str) -> Aspect:
        """The aspect of that number. Raises InstrumentError for an unknown one."""
        return _numbered(self.aspects, number, f"{self.id}: there is no aspect {number!r}")

    def indicator(self, number: str) -> Indicator:
        """The indicator of that number. Raises InstrumentError for an unknown one."""
        return _numbered(self.indicators, number, f"{self.id}: there is no indicator {number!r}")

    def criteria_of(self, indicator: str) -> tuple[Criterion, ...]:
        """All criteria of an indicator, from level 1 up."""
        return self.indicator(indicator).criteria

    def placed(self) -> Iterator[tuple[Indicator, Level, Criterion]]:
        """Every criterion with the indicator and level it belongs to, in the order of the norm."""
        for indicator in self.indicators:
            for level in indicator.levels:
                for criterion in level.criteria:
                    yield indicator, level, criterion

    def criteria_named(self, code: str) -> tuple[str, ...]:
        """The criterion ids that a statement about `code` covers; empty for an unknown code.

        `code` is a criterion id (``I13.3.a``) or a level (``I13.3``: all criteria of that level).
        """
        return tuple(c.id for _, _, c in self.placed() if c.id == code or c.id.rpartition(".")[0] == code)


def _numbered(entries: tuple[NumberedT, ...], number: str, message: str) -> NumberedT:
    for entry in entries:
        if entry.number == number:
            return entry
    raise InstrumentError(message)
