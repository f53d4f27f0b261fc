"""Why the provisional index moved between two scored dates. Exact: the index is linear in the levels.

The contributions of all changes add up to the change of the index, to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from transforms.index import Aggregate
from transforms.instrument import Instrument
from transforms.scoring import Finding, IndicatorLevel

Cause = Literal["world", "attestation", "expired", "official"]

CAUSE_TEXT: Mapping[Cause, str] = {
    "world": "keadaan berubah",
    "attestation": "atestasi berubah",
    "expired": "bukti kedaluwarsa",
    "official": "nilai resmi dalam berkas institusi berubah",
}


@dataclass(frozen=True)
class Scored:
    """One scored date of one institution."""

    score_id: str
    institution: str
    ruleset_hash: str
    as_of: datetime
    findings: Mapping[str, Finding]
    levels: Mapping[str, IndicatorLevel]
    aggregates: Sequence[Aggregate]

    @property
    def index(self) -> Aggregate:
        """The aggregate of scope index."""
        return next(a for a in self.aggregates if a.scope == "index")


@dataclass(frozen=True)
class Change:
    """One indicator whose provisional level moved; `contribution` is its share of the index's change."""

    indicator: str
    before: int
    after: int
    contribution: Fraction
    cause: Cause
    why: str


def changes(instrument: Instrument, previous: Scored, current: Scored) -> tuple[Change, ...]:
    """Every indicator whose provisional level differs, in the instrument's order."""
    total = Fraction(sum((i.weight for i in instrument.indicators), Decimal(0)))
    moved = []
    for indicator in instrument.indicators:
        before = previous.levels[indicator.number].provisional
        after = current.levels[indicator.number].provisional
        if before != after:
            cause, why = _cause(indicator.number, after > before, previous, current)
            share = Fraction(indicator.weight) * (after - before) / total
            moved.append(Change(indicator.number, before, after, share, cause, why))
    return tuple(moved)


def _cause(indicator: str, rose: bool, previous: Scored, current: Scored) -> tuple[Cause, str]:
    """The lowest criterion that counts differently, refutations first, and what kind of change that is."""
    candidates: list[tuple[bool, int, str, Cause, str]] = []
    for key, now in current.findings.items():
        before = previous.findings.get(key)
        if now.indicator != indicator or before is None:
            continue
        worse, better = (now, before) if not rose else (before, now)
        refuted = better.is_open and not worse.is_open
        lost = better.holds_or_carried and not worse.holds_or_carried
        if refuted or lost:
            candidates.append((not refuted, now.level, key, _kind(better, worse), f"{key}: {now.reason}"))
    if not candidates:
        return "official", ""
    _, _, _, cause, why = min(candidates)
    return cause, why


def _kind(better: Finding, worse: Finding) -> Cause:
    if worse.state == "stale":
        return "expired"
    return "attestation" if "atestasi" in (worse.answered_by, better.answered_by) else "world"
