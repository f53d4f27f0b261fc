"""What people are shown of a forecast: plain values read from a published copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class PointView:
    """The index from a moment on; `day` is its day where the institution is."""

    scenario: str
    day: date
    at: datetime
    proven: Decimal
    provisional: Decimal
    possible: Decimal
    predikat: str


@dataclass(frozen=True)
class ExpiryView:
    """What lapses at a moment; the changes are those of the whole index."""

    scenario: str
    day: date
    at: datetime
    days_left: int
    owner: str
    indicator: str
    short_name: str | None
    criterion: str | None
    event: str
    event_code: str
    answered_by: str
    reason: str
    proven_change: Decimal
    provisional_change: Decimal


@dataclass(frozen=True)
class ForecastView:
    """Both scenarios from the latest score on; `known_until` where not all could be looked at."""

    as_of: datetime
    known_until: datetime | None
    points: tuple[PointView, ...]
    expiries: tuple[ExpiryView, ...]
