"""Answers to findings, findings to levels, levels to the index. Pure: no network, no warehouse, no clock.

Three numbers are kept for everything (DESIGN.md, "What a score is"):

- *proven* (terbukti): only fresh evidence counts;
- *possible* (potensi): everything not refuted counts;
- *provisional* (nilai sementara): per indicator the last official level where there is one, held between the
  floor and the possible level; else the floor. The floor is the proven level plus stale evidence that is
  carried inside its grace period.

proven <= floor <= provisional <= possible, for every indicator and so for every weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from transforms.instrument import (
    Criterion,
    Indicator,
    Instrument,
    Probe,
    ProbeCall,
    Rule,
    Rules,
)

State = Literal["met", "not_met", "unknown", "stale", "error"]
Statement = Literal["terpenuhi", "tidak_terpenuhi", "dicabut"]
FLOOR_REASON = "Tingkat 1 adalah dasar skala (PermenPANRB 59/2020 hlm. 20-21)"


@dataclass(frozen=True)
class Freshness:
    """How long evidence of one kind is fresh, and how long after that it is carried."""

    ttl: timedelta
    grace: timedelta


@dataclass(frozen=True)
class Answer:
    """What one probe found for one institution. `holds` None means it cannot tell; `error` that it broke."""

    holds: bool | None
    reason: str
    evidence_ids: tuple[str, ...] = ()
    observed_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class Attested:
    """One signed statement in force as of the date scored. `criterion` may name a whole level (``I13.3``)."""

    criterion: str
    statement: Statement
    signer: str
    signed_at: datetime
    expires_at: datetime
    reason: str
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
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


@dataclass(frozen=True)
class IndicatorLevel:
    """The levels of one indicator, and the share of its criteria above level 1 that are freshly answered."""

    indicator: str
    weight: Decimal
    proven: int
    floor: int
    provisional: int
    possible: int
    official: int | None
    coverage: Fraction


@dataclass(frozen=True)
class _Claim:
    """A positive or negative answer with the times it is good for."""

    holds: bool
    reason: str
    evidence_ids: tuple[str, ...]
    observed_at: datetime | None
    fresh_until: datetime
    carried_until: datetime
    answered_by: str


def judge(
    rules: Rules,
    instrument: Instrument,
    probes: Mapping[str, Probe],
    answers: Mapping[ProbeCall, Answer],
    attestations: Sequence[Attested],
    freshness: Mapping[str, Freshness],
    as_of: datetime,
) -> tuple[Finding, ...]:
    """The state of every criterion of the instrument for one institution, in the instrument's order.

    `met_by` are alternatives: one that holds is enough, and one that says no refutes only where none holds.
    `refuted_by` overrules them all. A refutation does not lapse with its evidence: losing a source must never
    raise a level.
    """

    def claim(call: ProbeCall) -> _Claim | None:
        answer = answers.get(call)
        if answer is None or answer.holds is None or answer.error is not None or answer.observed_at is None:
            return None
        limits = freshness[probes[call.probe].kind]
        fresh_until = answer.observed_at + limits.ttl
        return _Claim(
            answer.holds,
            answer.reason,
            answer.evidence_ids,
            answer.observed_at,
            fresh_until,
            fresh_until + limits.grace,
            f"probe {call.probe}",
        )

    grace = freshness["attestation"].grace
    return tuple(
        _finding(
            indicator,
            level.level,
            criterion,
            rules.rule(criterion.id),
            claim,
            answers,
            attestations,
            grace,
            as_of,
        )
        for indicator in instrument.indicators
        for level in indicator.levels
        for criterion in level.criteria
    )


def _finding(
    indicator: Indicator,
    level: int,
    criterion: Criterion,
    rule: Rule,
    claim: Callable[[ProbeCall], _Claim | None],
    answers: Mapping[ProbeCall, Answer],
    attestations: Sequence[Attested],
    grace: timedelta,
    as_of: datetime,
) -> Finding:
    blank = Finding(
        criterion=criterion.id,
        indicator=indicator.number,
        level=level,
        state="unknown",
        is_fresh=False,
        is_carried=False,
        reason="",
        evidence_ids=(),
        observed_at=None,
        expires_at=None,
        answered_by="",
        hint=_hint(rule, claim),
    )
    if rule.floor:
        return replace(blank, state="met", reason=FLOOR_REASON, answered_by="dasar skala")
    signed = _signed(criterion.id, attestations, grace) if rule.attestation else []
    refutations = [c for call in rule.refuted_by if (c := claim(call)) and c.holds]
    found = [c for call in rule.met_by if (c := claim(call))]
    alternatives = [*found, *signed]
    positive = sorted((c for c in alternatives if c.holds), key=lambda c: (c.fresh_until, c.carried_until))
    negative = [c for c in alternatives if not c.holds]
    best = positive[-1] if positive else None
    if refutations:
        return _stand(blank, "not_met", refutations[0], as_of)
    if best and as_of <= best.fresh_until:
        return _stand(blank, "met", best, as_of)
    if best and as_of <= best.carried_until:
        return replace(_stand(blank, "stale", best, as_of), is_carried=True)
    if negative:
        return _stand(blank, "not_met", max(negative, key=lambda c: c.fresh_until), as_of)
    if best:
        return _stand(blank, "stale", best, as_of)
    asked = (*rule.met_by, *rule.refuted_by)
    broken = [answer.error for call in asked if (answer := answers.get(call)) and answer.error]
    if broken:
        return replace(blank, state="error", reason=f"Pemeriksaan gagal dijalankan: {broken[0]}")
    return replace(blank, reason=_why_unknown(rule, answers))


def _stand(blank: Finding, state: State, claim: _Claim, as_of: datetime) -> Finding:
    fresh = as_of <= claim.fresh_until
    reason = claim.reason
    if not fresh:
        reason += f" (bukti kedaluwarsa sejak {claim.fresh_until:%Y-%m-%d})"
    return replace(
        blank,
        state=state,
        is_fresh=fresh,
        reason=reason,
        evidence_ids=claim.evidence_ids,
        observed_at=claim.observed_at,
        expires_at=claim.fresh_until,
        answered_by=claim.answered_by,
    )


def _signed(criterion: str, attestations: Sequence[Attested], grace: timedelta) -> list[_Claim]:
    """The statements that speak on a criterion: the newest negative, and positive ones signed after it."""
    about = [a for a in attestations if criterion == a.criterion or criterion.startswith(a.criterion + ".")]
    refused = [a for a in about if a.statement != "terpenuhi"]
    last_refused = max((a.signed_at for a in refused), default=None)
    speaking = [
        a
        for a in about
        if a.statement == "terpenuhi" and (last_refused is None or a.signed_at > last_refused)
    ]
    if not speaking:
        speaking = [a for a in refused if a.signed_at == last_refused]
    return [
        _Claim(
            a.statement == "terpenuhi",
            a.reason,
            a.evidence_ids,
            a.signed_at,
            a.expires_at,
            a.expires_at + grace,
            "atestasi",
        )
        for a in speaking
    ]


def _hint(rule: Rule, claim: Callable[[ProbeCall], _Claim | None]) -> str | None:
    hints = [c.reason for call in rule.hinted_by if (c := claim(call)) and c.holds]
    return "; ".join(hints) or None


def _why_unknown(rule: Rule, answers: Mapping[ProbeCall, Answer]) -> str:
    said = [a.reason for call in rule.met_by if (a := answers.get(call)) and a.reason]
    if said:
        return said[0]
    if rule.met_by:
        return "Belum ada pengamatan untuk kriteria ini"
    return "Belum ada atestasi untuk kriteria ini"


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


def levels(
    instrument: Instrument, findings: Iterable[Finding], official: Mapping[str, int]
) -> tuple[IndicatorLevel, ...]:
    """The levels of every indicator from the findings of one institution.

    `official` maps indicator numbers to the last official level, where the institution's file gives one.
    """
    by_id = {finding.criterion: finding for finding in findings}

    def of(indicator: Indicator) -> IndicatorLevel:
        proven = level_of(indicator, lambda c: by_id[c].holds)
        floor = level_of(indicator, lambda c: by_id[c].holds_or_carried)
        possible = level_of(indicator, lambda c: by_id[c].is_open)
        known = official.get(indicator.number)
        provisional = floor if known is None else min(max(known, floor), possible)
        asked = [c.id for level in indicator.levels if level.level > 1 for c in level.criteria]
        coverage = Fraction(sum(by_id[c].is_fresh for c in asked), len(asked))
        return IndicatorLevel(
            indicator.number, indicator.weight, proven, floor, provisional, possible, known, coverage
        )

    return tuple(of(indicator) for indicator in instrument.indicators)
