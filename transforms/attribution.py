"""Why the provisional index moved between two scored dates: by indicator, criterion, evidence and cause.

Exact at every depth, since the index is linear in the levels: the parts add up to the change of the index.

Inside an indicator a level is no sum of criteria (a rung needs all of its own), so its move is shared by one
rule: *a criterion's share is what its change moves the level by, on average over every order in which the
changes could have come about* (the Shapley value). Two criteria that were both needed for a rung share it;
one whose change moved nothing in any order has no share. A changed official level is one more such change.
A criterion's share is divided evenly among the evidence that is new in its reason; where none is, among what
is gone from it; else among what it rests on.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import comb, factorial, lcm, prod
from typing import Literal, NamedTuple

from transforms.finding import Finding
from transforms.index import Aggregate
from transforms.instrument import Indicator, Instrument
from transforms.levels import IndicatorLevel, Score, levels, mark_of, numbers_of, shown

Cause = Literal[
    "world",
    "attestation",
    "expired",
    "source_failed",
    "renewed",
    "settings",
    "probe_failed",
    "official",
    "rules",
    "other",
]

CAUSE_TEXT: Mapping[Cause, str] = {
    "world": "keadaan berubah",
    "attestation": "atestasi berubah",
    "expired": "bukti kedaluwarsa",
    "source_failed": "bukti kedaluwarsa karena sumber gagal",
    "renewed": "bukti segar kembali",
    "settings": "masa segar dalam berkas institusi berubah",
    "probe_failed": "pemeriksaan gagal dijalankan",
    "official": "nilai resmi dalam berkas institusi berubah",
    "rules": "aturan penilaian berubah",
    "other": "sebab lain",
}

WITHOUT_THE_WORLD: frozenset[Cause] = frozenset(
    {"expired", "source_failed", "settings", "probe_failed", "rules"}
)
"""Causes by which a value falls though nothing got worse where the institution is: never told as a fall."""


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
class EvidenceShare:
    """What one capture has in a criterion's share; `evidence` is None where the answer rests on none."""

    evidence: str | None
    contribution: Fraction


@dataclass(frozen=True)
class Part:
    """What one criterion has in an indicator's change.

    `criterion` is None where no criterion moved the level: the official level, or the rules as a whole.
    """

    criterion: str | None
    cause: Cause
    contribution: Fraction
    state_before: str
    state_after: str
    reason_before: str
    reason_after: str
    evidence: tuple[EvidenceShare, ...]


@dataclass(frozen=True)
class Change:
    """One indicator whose provisional level moved; `contribution` is its share of the index's change.

    `cause` and `why` are those of the part that says most; `parts` are all, and add up to `contribution`.
    """

    indicator: str
    before: Score
    after: Score
    contribution: Fraction
    cause: Cause
    why: str
    parts: tuple[Part, ...] = ()


def changes(
    instrument: Instrument, previous: Scored, current: Scored, failing: Collection[str] = ()
) -> tuple[Change, ...]:
    """Every indicator whose provisional level differs, in the instrument's order; both under one ruleset.

    `failing` are the evidence ids whose source had failed when last run by `current`.
    """
    total = Fraction(sum((i.weight for i in instrument.indicators), Decimal(0)))
    moved = []
    for indicator in instrument.indicators:
        before = previous.levels[indicator.number].provisional
        after = current.levels[indicator.number].provisional
        if before != after:
            weight = Fraction(indicator.weight) / total
            parts = _parts(instrument, indicator, previous, current, weight, failing)
            cause, why = _main_cause(parts, after > before)
            share = weight * (Fraction(after) - Fraction(before))
            moved.append(Change(indicator.number, before, after, share, cause, why, parts))
    return tuple(moved)


def explained(
    instrument: Instrument,
    previous: Scored,
    current: Scored,
    bridge: Scored | None = None,
    failing: Collection[str] = (),
) -> tuple[Change, ...]:
    """The changes between any two scored dates of one instrument, whatever their rulesets.

    `bridge` is the date of `previous` under the ruleset of `current`: what lies between those two is due to
    rules alone, and what lies between `bridge` and `current` is not; an indicator may come in both, rules
    first. Without one, all is put down to the rules and the reason says that it could not be told apart.
    """
    if previous.ruleset_hash == current.ruleset_hash:
        return changes(instrument, previous, current, failing)
    if bridge is None:
        unknown = "belum dipisahkan dari perubahan lain: hitung ulang dengan pantau rescore"
        return _rule_changes(instrument, previous, current, unknown)
    return (
        *_rule_changes(instrument, previous, bridge, ""),
        *changes(instrument, bridge, current, failing),
    )


def shares(
    instrument: Instrument,
    indicator: Indicator,
    before: Mapping[str, Finding],
    after: Mapping[str, Finding],
    official: tuple[Score | None, Score | None],
) -> dict[str | None, Fraction]:
    """By how many levels each changed criterion moved the provisional level; None is the official level.

    Adds up to the difference of that level.
    """
    own = [c.id for c in indicator.criteria]
    marks = (tuple([mark_of(before[c]) for c in own]), tuple([mark_of(after[c]) for c in own]))
    scores = (before[own[0]].score, after[own[0]].score)
    found = shares_of(instrument, indicator, marks, scores, official)
    return {None if place is None else own[place]: share.provisional for place, share in found.items()}


class Share(NamedTuple):
    """By how many levels one criterion moved the levels of its indicator."""

    proven: Fraction
    provisional: Fraction


def shares_of(
    instrument: Instrument,
    indicator: Indicator,
    marks: tuple[tuple[int, ...], tuple[int, ...]],
    scores: tuple[Score | None, Score | None],
    official: tuple[Score | None, Score | None],
) -> dict[int | None, Share]:
    """The share of each criterion, by its place, that counts otherwise; pairs are of before and after.

    The official level's is that of None, and the last. Criteria of one level that changed in the same way are
    alike: only how many of them have changed matters, so orders are weighed by counts and not one by one (an
    indicator may have dozens of criteria). Where an external index makes the score, its first criterion
    speaks for all.
    """
    before, after = marks
    levels_of = [level.level for level in indicator.levels for _ in level.criteria]
    alike: dict[object, list[int | None]] = {}
    for place, (then, now) in enumerate(zip(before, after, strict=True)):
        if indicator.score_from == "external_index":
            if place == 0 and (then & COUNTS != now & COUNTS or scores[0] != scores[1]):
                alike[place] = [place]
        elif then & COUNTS != now & COUNTS:
            alike.setdefault((levels_of[place], then & COUNTS, now & COUNTS), []).append(place)
    if official[0] != official[1]:
        alike[None] = [None]
    groups = list(alike.values())

    def value(sizes: tuple[int, ...]) -> Share:
        changed = {player for group, size in zip(groups, sizes, strict=True) for player in group[:size]}
        mixed = tuple([(after if place in changed else before)[place] for place in range(len(before))])
        numbers = numbers_of(instrument, indicator, mixed, scores[0 in changed], official[None in changed])
        return Share(Fraction(numbers[0]), Fraction(numbers[2]))

    players = sum(map(len, groups))
    values = {
        sizes: value(sizes) for sizes in itertools.product(*(range(len(group) + 1) for group in groups))
    }
    found: dict[int | None, Share] = {}
    for place, group in enumerate(groups):
        moved = [Fraction(0), Fraction(0)]
        for sizes, reached in values.items():
            if sizes[place] == len(group):
                continue
            further = values[(*sizes[:place], sizes[place] + 1, *sizes[place + 1 :])]
            if further == reached:
                continue
            ways = prod(
                comb(len(other) - (where == place), size)
                for where, (other, size) in enumerate(zip(groups, sizes, strict=True))
            )
            orders = ways * factorial(sum(sizes)) * factorial(players - sum(sizes) - 1)
            for which in range(len(moved)):
                moved[which] += orders * (further[which] - reached[which])
        share = Share(*(part / factorial(players) for part in moved))
        found.update(dict.fromkeys(group, share))
    official_last = sorted(player for player in found if player is not None) + [None] * (None in found)
    return {player: found[player] for player in official_last}


COUNTS = 7
"""The bits of a mark by which a criterion counts toward a level; whether it is fresh counts for coverage."""


def index_of(scored: Scored) -> Fraction:
    """The provisional index again from its levels: exact where what is stored of it has been rounded."""
    # Sums whole numbers over a common denominator: fractions are slow.
    known = scored.levels.values()
    weights = [level.weight.as_integer_ratio() for level in known]
    step = lcm(*[denominator for _, denominator in weights])
    whole = [numerator * (step // denominator) for numerator, denominator in weights]
    shared = lcm(*[level.provisional.denominator for level in known])
    held = sum(
        weight * level.provisional.numerator * (shared // level.provisional.denominator)
        for weight, level in zip(whole, known, strict=True)
    )
    return Fraction(held, (sum(whole) or step) * shared)


def rows_sum_to(start: Fraction, parts: Sequence[Fraction], step: Fraction) -> tuple[Fraction, ...]:
    """Parts rounded to multiples of `step` so that they add up to the rounded end less the rounded start."""

    def steps(value: Fraction) -> int:
        times, whole = value.numerator * step.denominator, value.denominator * step.numerator
        return (2 * times + whole) // (2 * whole)

    nothing = Fraction(0)
    reached, shown_as, rows = start, steps(start), []
    for part in parts:
        before = shown_as
        if part:
            reached += part
            shown_as = steps(reached)
        rows.append((shown_as - before) * step if shown_as != before else nothing)
    return tuple(rows)


def _parts(
    instrument: Instrument,
    indicator: Indicator,
    previous: Scored,
    current: Scored,
    weight: Fraction,
    failing: Collection[str],
) -> tuple[Part, ...]:
    number = indicator.number
    before, after = previous.levels[number], current.levels[number]
    whole = Fraction(after.provisional) - Fraction(before.provisional)
    found = shares(
        instrument, indicator, previous.findings, current.findings, (before.official, after.official)
    )
    parts = []
    for criterion, share in found.items():
        if share == 0:
            continue
        if criterion is None:
            parts.append(_bare_part("official", weight * share, before.official, after.official))
            continue
        then, now = previous.findings[criterion], current.findings[criterion]
        cause = _kind(then, now, failing)
        parts.append(_criterion_part(criterion, cause, weight * share, then, now))
    # Levels come from findings and the official level; whatever else moved one is not hidden in them.
    if rest := whole - sum(found.values(), Fraction(0)):
        parts.append(_bare_part("other", weight * rest, None, None))
    return tuple(parts)


def _criterion_part(
    criterion: str, cause: Cause, contribution: Fraction, then: Finding, now: Finding
) -> Part:
    new = [e for e in now.evidence_ids if e not in then.evidence_ids]
    gone = [e for e in then.evidence_ids if e not in now.evidence_ids]
    deciding: Sequence[str | None] = new or gone or list(now.evidence_ids) or [None]
    each = contribution / len(deciding)
    return Part(
        criterion,
        cause,
        contribution,
        then.state,
        now.state,
        then.reason,
        now.reason,
        tuple(EvidenceShare(evidence, each) for evidence in deciding),
    )


def _bare_part(cause: Cause, contribution: Fraction, before: Score | None, after: Score | None) -> Part:
    def said(level: Score | None) -> str:
        return "" if level is None else f"nilai resmi {shown(level)}"

    return Part(
        None, cause, contribution, "", "", said(before), said(after), (EvidenceShare(None, contribution),)
    )


def _main_cause(parts: Sequence[Part], rose: bool) -> tuple[Cause, str]:
    """That of the part which says most: refutations first, then real causes, then the lowest criterion."""
    same_way = [p for p in parts if (p.contribution > 0) == rose]

    def rank(part: Part) -> tuple[bool, bool, bool, str]:
        worse = part.state_before if rose else part.state_after
        return (
            part.criterion is None,
            worse != "not_met",
            part.cause in WITHOUT_THE_WORLD,
            part.criterion or "",
        )

    part = min(same_way, key=rank)
    return part.cause, f"{part.criterion}: {part.reason_after}" if part.criterion else ""


def _kind(then: Finding, now: Finding, failing: Collection[str]) -> Cause:
    if "error" in (then.state, now.state):
        return "probe_failed"
    if "stale" in (then.state, now.state) and "not_met" not in (then.state, now.state):
        # The same observation, good for another time: the file says so, not the calendar.
        same = then.observed_at == now.observed_at and then.evidence_ids == now.evidence_ids
        if same and then.expires_at != now.expires_at:
            return "settings"
        if now.state != "stale" or (now.is_carried and not then.holds_or_carried):
            if now.answered_by == "atestasi" and then.evidence_ids != now.evidence_ids:
                return "attestation"
            return "renewed" if now.holds_or_carried else "world"
        by_source = now.answered_by.startswith("probe") and any(e in failing for e in now.evidence_ids)
        return "source_failed" if by_source else "expired"
    return "attestation" if "atestasi" in (then.answered_by, now.answered_by) else "world"


def _rule_changes(instrument: Instrument, previous: Scored, current: Scored, why: str) -> tuple[Change, ...]:
    """What rules alone moved, by indicator; by criterion where the indicator itself is built as before."""
    order = {indicator.number: indicator for indicator in instrument.indicators}
    numbers = [*order, *(n for n in previous.levels if n not in order)]
    moved = []
    for number in numbers:
        before, after = previous.levels.get(number), current.levels.get(number)
        share = _held(current, after) - _held(previous, before)
        if share == 0:
            continue
        indicator = order.get(number)
        parts: tuple[Part, ...] = ()
        if not why and indicator and before and after and before.weight == after.weight:
            parts = _rule_parts(instrument, indicator, previous, current, share)
        if not parts:
            parts = (replace(_bare_part("rules", share, None, None), reason_after=why),)
        levels_of = [level.provisional if level else 0 for level in (before, after)]
        said = why or next((f"{p.criterion}: {p.reason_after}" for p in parts if p.criterion), "")
        moved.append(Change(number, levels_of[0], levels_of[1], share, "rules", said, parts))
    return tuple(moved)


def _held(scored: Scored, level: IndicatorLevel | None) -> Fraction:
    """What an indicator holds of its score's index."""
    if level is None:
        return Fraction(0)
    total = sum((Fraction(other.weight) for other in scored.levels.values()), Fraction(0))
    return Fraction(level.weight) * Fraction(level.provisional) / total


def _rule_parts(
    instrument: Instrument, indicator: Indicator, previous: Scored, current: Scored, whole: Fraction
) -> tuple[Part, ...]:
    """The criteria that new rules answer otherwise; none where the indicator itself is built anew."""
    number = indicator.number
    own = {c.id for c in indicator.criteria}
    if own != {key for key, finding in previous.findings.items() if finding.indicator == number}:
        return ()
    before, after = previous.levels[number], current.levels[number]
    official = {} if before.official is None else {number: before.official}
    (level,) = levels(instrument, previous.findings, official, {number})
    if level.provisional != before.provisional:
        return ()
    found = shares(
        instrument, indicator, previous.findings, current.findings, (before.official, after.official)
    )
    levels_moved = Fraction(after.provisional) - Fraction(before.provisional)
    if not levels_moved or sum(found.values(), Fraction(0)) != levels_moved:
        return ()
    weight = whole / levels_moved
    return tuple(
        _bare_part("rules", weight * share, before.official, after.official)
        if criterion is None
        else _criterion_part(
            criterion, "rules", weight * share, previous.findings[criterion], current.findings[criterion]
        )
        for criterion, share in found.items()
        if share
    )
