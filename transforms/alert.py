"""One line of a message, and the words all of them share. `alerts` and `watch` say what is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from transforms.index import rounded

Kind = Literal[
    "index_fell",
    "predicate_fell",
    "domain_fell",
    "level_fell",
    "evidence_stale",
    "below_target_path",
    "target_path_regained",
    "evidence_expiring",
    "source_failed",
    "batch_quarantined",
    "pipeline_silent",
    "service_down",
    "service_unstable",
    "service_recovered",
    "service_compromised",
    "service_replaced",
    "service_changed",
    "tls_expiring",
    "application_after_moratorium",
    "rules_changed",
]
Severity = Literal["penting", "waspada", "info"]


@dataclass(frozen=True)
class Alert:
    """One line of a message. `event_key` is the same for the same event, however often it is decided."""

    event_key: str
    kind: Kind
    severity: Severity
    line: str
    before: str
    after: str
    cause: str


def comma(value: Fraction | Decimal) -> str:
    """Two decimals with the decimal comma of Indonesian."""
    return str(rounded(Fraction(value))).replace(".", ",")


def local_time(moment: datetime, time_zone: ZoneInfo) -> str:
    """A moment as people there write it."""
    local = moment.astimezone(time_zone)
    return f"{local:%d-%m-%Y} pukul {local:%H.%M} {local.tzname()}"


def local_day(moment: datetime, time_zone: ZoneInfo) -> str:
    """The day of a moment as people there write it."""
    return f"{moment.astimezone(time_zone):%d-%m-%Y}"
