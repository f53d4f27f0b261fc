"""The norm and its rules as frozen types: what a norm file and a rules file say.

An *instrument* is a versioned legal norm: domains, aspects, indicators, weights, and for every level of every
indicator the criteria it asks for. *Rules* say how each criterion is answered: by which probes, by
attestation. *Topics* are the patterns by which titles are recognised. `transforms/instrument.py` loads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
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


# The norm ---------------------------------------------------------------------------------------------------


class Band(Frozen):
    """A predikat and the index values it covers: `min` <= index < `max` (<= where `max_inclusive`)."""

    predikat: str
    min: Number
    max: Number
    max_inclusive: bool = False


class Rounding(Frozen):
    """How the index is rounded for display; aspects and domains keep full precision."""

    digits: int = Field(ge=0, le=6)
    mode: Literal["half_up"]
    source: str


class WorkedExample(Frozen):
    """A calculation printed in the regulation: `values` by code give `result` for `scope` `code`."""

    id: str
    scope: Literal["aspect", "domain", "index"]
    code: str | None = None
    values: dict[str, Number]
    result: Number
    source: str


class Domain(Frozen):
    """A domain; `weight` in percent."""

    number: str
    name: str
    weight: Number


class Aspect(Frozen):
    """An aspect of a domain; `weight` in percent."""

    number: str
    name: str
    domain: str
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
    stage: str
    builds_on: int
    criteria: tuple[Criterion, ...]


class Indicator(Frozen):
    """An indicator; `weight` in percent of the index.

    `proves_level` is the highest level that evidence open to the public can honestly support; criteria above
    it are met by attestation only. `depends_on` are indicators it builds on or feeds.
    """

    number: str
    name: str
    short_name: str
    domain: str
    aspect: str
    weight: Number
    capability: Literal["proses", "layanan"]
    proves_level: int = Field(ge=1, le=5)
    depends_on: tuple[str, ...] = ()
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

    `short_name` is how the index is called ("SPBE"). `predikat_from` says whether bands apply to the
    unrounded or the rounded index. `criteria_source` is where in the regulation the criteria are printed.
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
    predikat_from: Literal["unrounded", "rounded"]
    worked_examples: tuple[WorkedExample, ...]
    domains: tuple[Domain, ...]
    aspects: tuple[Aspect, ...]
    indicators: tuple[Indicator, ...]

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


# The rules --------------------------------------------------------------------------------------------------


class ProbeCall(Frozen):
    """A probe with the values of its parameters, sorted by name."""

    probe: str
    with_: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The call as text, e.g. ``regulation_in_force(issuer=pimpinan, topic=arsitektur)``."""
        return f"{self.probe}({', '.join(f'{name}={value}' for name, value in self.with_)})"


class Rule(Frozen):
    """How a criterion is answered.

    - `floor`: met without evidence (level 1: the norm's floor).
    - `met_by`: met when any of these claims is TRUE; refuted when none is TRUE and any is FALSE.
    - `attestation`: a signed statement may meet or deny it.
    - `refuted_by`: not met when any of these claims is TRUE, whatever `met_by` says (a repealed regulation, a
      service that is down). FALSE and NULL say nothing.
    - `hinted_by`: a TRUE claim is shown beside an unanswered criterion and never changes its state.

    `owner` is the role of the perangkat daerah that can answer for it; `remedy` one Indonesian sentence
    saying what would meet it.
    """

    criterion: str
    owner: str
    met_by: tuple[ProbeCall, ...] = ()
    attestation: bool = False
    floor: bool = False
    refuted_by: tuple[ProbeCall, ...] = ()
    hinted_by: tuple[ProbeCall, ...] = ()
    remedy: str

    @property
    def calls(self) -> tuple[ProbeCall, ...]:
        """All probe calls of the rule."""
        return (*self.met_by, *self.refuted_by, *self.hinted_by)

    @property
    def answered_by(self) -> str:
        """Every way in which the criterion can be met, e.g. ``probe regulation_in_force, atestasi``."""
        probes = [f"probe {name}" for name in dict.fromkeys(call.probe for call in self.met_by)]
        return ", ".join(
            [*(["dasar skala"] if self.floor else []), *probes, *(["atestasi"] if self.attestation else [])]
        )


class Rules(Frozen):
    """The rules of one instrument, in the order of its criteria."""

    instrument: str
    rules: tuple[Rule, ...]

    @cached_property
    def by_criterion(self) -> dict[str, Rule]:
        """The rules by criterion id."""
        return {rule.criterion: rule for rule in self.rules}

    def rule(self, criterion: str) -> Rule:
        """The rule of a criterion. Raises InstrumentError for an unknown one."""
        try:
            return self.by_criterion[criterion]
        except KeyError as error:
            raise InstrumentError(
                f"rules of {self.instrument}: there is no criterion {criterion!r}"
            ) from error

    def calls(self) -> tuple[ProbeCall, ...]:
        """Every distinct probe call that has to be answered, sorted."""
        return tuple(sorted({call for rule in self.rules for call in rule.calls}, key=lambda call: call.key))


class Topic(Frozen):
    """A subject recognised in titles: any `include` pattern matches and no `exclude` pattern does.

    Patterns are RE2 regular expressions on normalised text (lower case letters, digits, single spaces): the
    title of a regulation, or name and description of an application.
    """

    id: str
    name: str
    for_: Literal["regulation", "application"] = Field(alias="for")
    include: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()


class Probe(Frozen):
    """One question about evidence. `kind` decides which TTL and grace apply to its answers."""

    id: str
    question: str
    kind: Literal["regulation", "uptime", "application"]
    parameters: tuple[str, ...] = ()
    sql: str


class Model(Frozen):
    """A fact table as of a moment: the SELECT behind the temporary table `name`."""

    name: str
    sql: str
