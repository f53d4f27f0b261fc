"""What is judged, and what is found: answers, statements and the state of a criterion, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

State = Literal["met", "not_met", "unknown", "stale", "error"]

Statement = Literal["terpenuhi", "tidak_terpenuhi", "dicabut"]

EXTERNAL_INDEX_DAYS = (timedelta(days=400), timedelta(days=180))
"""TTL and grace of a value of an external index where the institution's file says nothing."""


@dataclass(frozen=True)
class Freshness:
    """How long evidence of one kind is fresh, and how long after that it is carried."""

    ttl: timedelta
    grace: timedelta


class Answer(NamedTuple):
    """What one probe found for one institution. `holds` None means it cannot tell; `error` that it broke."""

    holds: bool | None
    reason: str
    evidence_ids: tuple[str, ...] = ()
    observed_at: datetime | None = None
    error: str | None = None

    @property
    def tells(self) -> bool:
        """Whether it speaks on what was asked."""
        return self.holds is not None and self.error is None and self.observed_at is not None


@dataclass(frozen=True)
class ExternalValue:
    """A value of an external index known as of the date scored, decided at `observed_at` on `year`.

    `expires_at` is None where the institution's file gives no last day: the TTL of its kind applies.
    """

    index: str
    year: int
    value: Decimal
    observed_at: datetime
    expires_at: datetime | None
    citation: str
    evidence_ids: tuple[str, ...]


class Attested(NamedTuple):
    """One signed statement in force as of the date scored. `criterion` may name a whole level (``I13.3``).

    `has_own_expiry` is False where the statement names no last day, so that `expires_at` is by the TTL.
    """

    criterion: str
    statement: Statement
    signer: str
    signed_at: datetime
    expires_at: datetime
    reason: str
    evidence_ids: tuple[str, ...]
    has_own_expiry: bool = True


class Finding(NamedTuple):
    """The state of one criterion, with its reason.

    `is_fresh`: answered by evidence inside its TTL. `is_carried`: stale, last met, inside its grace period.
    `expires_at` is when a fresh answer turns stale. `hint` is what suggests more than public evidence proves.
    """

    criterion: str
    indicator: str
    level: int
    state: State
    is_fresh: bool
    is_carried: bool
    reason: str
    evidence_ids: tuple[str, ...]
    observed_at: datetime | None
    expires_at: datetime | None
    answered_by: str
    hint: str | None
    score: Fraction | None = None

    @property
    def holds(self) -> bool:
        """Counts toward the proven level."""
        return self.state == "met"

    @property
    def holds_or_carried(self) -> bool:
        """Counts toward the floor."""
        return self.state == "met" or (self.state == "stale" and self.is_carried)

    @property
    def is_open(self) -> bool:
        """Counts toward the possible level: not refuted."""
        return self.state != "not_met"


class Same:
    """A part of a norm as a key: the same object, not an equal one (comparing all of a norm is slow)."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.it is self.it
