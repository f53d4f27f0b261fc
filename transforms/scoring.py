"""Answers and statements to findings: the state of every criterion. Pure: no network, no warehouse, no clock.

Levels follow from findings in `transforms.levels`, the index from levels in `transforms.index`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NamedTuple

from transforms.finding import (
    EXTERNAL_INDEX_DAYS,
    Answer,
    Attested,
    ExternalValue,
    Finding,
    Freshness,
    Same,
    State,
)
from transforms.instrument import (
    ExternalIndex,
    Indicator,
    Instrument,
    InstrumentError,
    Probe,
    ProbeCall,
    Rule,
    Rules,
)
from transforms.levels import to_digits

FLOOR_REASON = "Tingkat 1 adalah dasar skala (PermenPANRB 59/2020 hlm. 20-21)"


class _Claim(NamedTuple):
    """A positive or negative answer with the times it is good for."""

    holds: bool
    reason: str
    evidence_ids: tuple[str, ...]
    observed_at: datetime | None
    fresh_until: datetime
    carried_until: datetime
    answered_by: str
    call: ProbeCall | None = None


class Judgement(NamedTuple):
    """A finding, and how long it stands if no fact changes.

    `moves_with` is the call whose answer decided, while that is fresh: as long as the answer says the same of
    an observation of the same age, the finding stays, with the evidence and the times of the answer. `due_at`
    is the first moment at which it may be another though all answers are the same at the same age; or None.
    """

    finding: Finding
    moves_with: ProbeCall | None = None
    due_at: datetime | None = None

    def mark(self) -> bytes:
        """A digest of all that it says but for what moves with the answer."""
        return _common_mark(Same(self)) if self.finding.observed_at is None else _mark(self)


def _mark(judgement: Judgement) -> bytes:
    found, call = judgement.finding, judgement.moves_with
    if call is None:
        said = _said(found)
    else:
        assert found.expires_at is not None
        assert found.observed_at is not None
        bare = found._replace(evidence_ids=(), observed_at=None, expires_at=None)
        said = f"{_said(bare)} {call.key} {found.expires_at - found.observed_at}"
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


@lru_cache(maxsize=1 << 12)
def _common_mark(judgement: Same) -> bytes:
    """The mark of what is found where nobody saw anything: of many institutions the same (`_unanswered`)."""
    assert isinstance(judgement.it, Judgement)
    return _mark(judgement.it)


def _said(found: Finding) -> str:
    """All that a finding says as one text."""
    # The text is in the ids of scores: it must stay as it is.
    criterion, indicator, level, state, fresh, carried, reason, ids, seen, until, by, hint, score = found
    return (
        f"({criterion!r}, {indicator!r}, {level}, {state!r}, {fresh}, {carried}, {reason!r}, {ids!r}, "
        f"{_stamp(seen)}, {_stamp(until)}, {by!r}, {hint!r}, {score!r})"
    )


@lru_cache(maxsize=1 << 14)
def _stamp(moment: datetime | None) -> str:
    return repr(moment and moment.timestamp())


def judge(
    rules: Rules,
    instrument: Instrument,
    probes: Mapping[str, Probe],
    answers: Mapping[ProbeCall, Answer],
    attestations: Sequence[Attested],
    freshness: Mapping[str, Freshness],
    as_of: datetime,
    external: Mapping[str, ExternalValue] | None = None,
) -> tuple[Finding, ...]:
    """The state of every criterion of the instrument for one institution, in the instrument's order.

    `external` are the last known values of external indices by their ids.
    """
    made = judgements(rules, instrument, probes, answers, attestations, freshness, as_of, external)
    found = all_of(rules, instrument, made)
    return tuple([judgement.finding for judgement in found.values()])


def all_of(rules: Rules, instrument: Instrument, made: dict[str, Judgement]) -> dict[str, Judgement]:
    """All criteria in the instrument's order, those that were not judged with their blanks."""
    found = _asking_of(Same(rules), Same(instrument)).blank | made
    return {criterion: one for criterion, one in found.items() if one is not None}


def judgements(
    rules: Rules,
    instrument: Instrument,
    probes: Mapping[str, Probe],
    answers: Mapping[ProbeCall, Answer],
    attestations: Sequence[Attested],
    freshness: Mapping[str, Freshness],
    as_of: datetime,
    external: Mapping[str, ExternalValue] | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Judgement]:
    """By criterion what `judge` finds, with how long it stands: of `only` those, or all but some blanks.

    `met_by` are alternatives: one that holds is enough, and one that says no refutes only where none holds.
    `refuted_by` overrules them all. A refutation does not lapse with its evidence: losing a source must never
    raise a level.
    """
    case = Case(rules, instrument, probes, answers, attestations, freshness, external)
    asking = _asking_of(Same(rules), Same(instrument))
    chosen = [*asking.open, *asking.stated(case.about)] if only is None else asking.of(only)
    return {asked.rule.criterion: case.heard(asked).judgement(as_of) for asked in chosen}


def stated(
    rules: Rules,
    instrument: Instrument,
    attestations: Sequence[Attested],
    freshness: Mapping[str, Freshness],
    as_of: datetime,
) -> dict[str, Judgement]:
    """Of `judgements` those of criteria on which nothing but statements can speak, and any does."""
    case = Case(rules, instrument, {}, {}, attestations, freshness)
    chosen = _asking_of(Same(rules), Same(instrument)).stated(case.about)
    return {asked.rule.criterion: case.heard(asked).judgement(as_of) for asked in chosen}


def unstated(rules: Rules, instrument: Instrument) -> Sequence[str]:
    """The criteria on which something else than statements can speak."""
    return [asked.rule.criterion for asked in _asking_of(Same(rules), Same(instrument)).open]


class Case:
    """What is known of one institution, as `judgements` takes it, heard criterion by criterion."""

    def __init__(
        self,
        rules: Rules,
        instrument: Instrument,
        probes: Mapping[str, Probe],
        answers: Mapping[ProbeCall, Answer],
        attestations: Sequence[Attested],
        freshness: Mapping[str, Freshness],
        external: Mapping[str, ExternalValue] | None = None,
    ) -> None:
        self._norm = Same(rules), Same(instrument)
        self._probes = probes
        self._answers = answers
        self._freshness = freshness
        self._grace = freshness["attestation"].grace
        self._borrowed = {
            index.id: _Borrowed(
                index,
                (external or {}).get(index.id),
                freshness.get("external_index") or Freshness(*EXTERNAL_INDEX_DAYS),
            )
            for index in instrument.external_indices
        }
        self.about: dict[str, list[Attested]] = {}
        for attested in attestations:
            self.about.setdefault(attested.criterion, []).append(attested)

    def __getitem__(self, criterion: str) -> Heard:
        """What speaks on a criterion."""
        return self.heard(_asking_of(*self._norm).by_criterion[criterion])

    def heard(self, asked: _Asked) -> Heard:
        """What speaks on a criterion, given with its place."""
        rule, about = asked.rule, self.about
        speaking = asked.statements_in(about) if rule.attestation and about else ()
        signed = _signed(speaking, self._grace, rule.ttl) if speaking else []
        if asked.blank is not None:
            return Heard(asked, (), signed, self._answers)
        hint = _hint(rule, self._answers) if rule.hinted_by else None
        refutations = self._claims(rule.refuted_by, rule.ttl, only_held=True) if rule.refuted_by else ()
        alternatives = self._claims(rule.met_by, rule.ttl) if rule.met_by else []
        alternatives += signed
        score = unusable = None
        if rule.external_index:
            borrowed = self._borrowed[rule.external_index]
            if asked.indicator.score_from == "external_index":
                score = borrowed.score()
            try:
                if reached := borrowed.claim(asked.level, rule.ttl):
                    alternatives.append(reached)
            except InstrumentError as error:
                unusable = str(error)
        return Heard(asked, refutations, alternatives, self._answers, hint, score, unusable)

    def _claims(
        self, calls: Sequence[ProbeCall], ttl: timedelta | None, *, only_held: bool = False
    ) -> list[_Claim]:
        """What answers claim, of those that tell (or hold)."""
        claims = []
        for call in calls:
            answer = self._answers.get(call)
            if answer is None or not answer.tells or (only_held and not answer.holds):
                continue
            assert answer.observed_at is not None
            limits = self._freshness[self._probes[call.probe].kind]
            fresh_until = answer.observed_at + (ttl or limits.ttl)
            claims.append(
                _Claim(
                    answer.holds is True,
                    answer.reason,
                    answer.evidence_ids,
                    answer.observed_at,
                    fresh_until,
                    fresh_until + limits.grace,
                    f"probe {call.probe}",
                    call,
                )
            )
        return claims


class Heard(NamedTuple):
    """All that speaks on a criterion, of which its finding at any moment follows."""

    asked: _Asked
    refutations: Sequence[_Claim]
    alternatives: Sequence[_Claim]
    answers: Mapping[ProbeCall, Answer]
    hint: str | None = None
    score: Fraction | None = None
    unusable: str | None = None

    def judgement(self, as_of: datetime) -> Judgement:
        """The finding at a moment, with how long it stands."""
        verdict = self._verdict(as_of)
        if verdict is None:
            return self._untold()
        state, claim, is_carried = verdict
        found = self._found(state, claim, is_carried, as_of)
        if claim.call is not None and not found.is_fresh:
            # What has aged is judged again: only what is fresh is followed by its age alone.
            return Judgement(found, None, as_of)
        claims = [*self.refutations, *self.alternatives] if self.refutations else self.alternatives
        return Judgement(found, claim.call, _due_at(claims, as_of))

    def finding(self, as_of: datetime) -> Finding:
        """The finding at a moment."""
        verdict = self._verdict(as_of)
        return self._untold().finding if verdict is None else self._found(*verdict, as_of)

    def turns(self, since: datetime, seen: Collection[ProbeCall] = ()) -> tuple[datetime, ...]:
        """The last instants at which it is met, and carried; `seen` answers stay as old as at `since`.

        Between them, and after, it counts for the same: a refutation does not lapse, and what denies speaks
        where nothing that holds does.
        """
        if self.refutations:
            return ()
        positive = [c for c in self.alternatives if c.holds]
        staying = [c for c in positive if c.call in seen] if seen else []
        if not positive or any(since <= c.fresh_until for c in staying):
            return ()
        ageing = [c for c in positive if c not in staying] if staying else positive
        lasts = {c.fresh_until for c in ageing}
        found = {max(lasts)} if lasts else set()
        if ageing and not any(since <= c.carried_until for c in staying):
            found.add(max(c.carried_until for c in ageing))
        return tuple(sorted(found))

    def older(self, seen: Collection[ProbeCall], by: timedelta) -> Heard:
        """The same with `seen` answers observed so much later: as old at a later moment as they are now."""

        def moved(claim: _Claim) -> _Claim:
            if claim.call not in seen or claim.observed_at is None:
                return claim
            return claim._replace(
                observed_at=claim.observed_at + by,
                fresh_until=claim.fresh_until + by,
                carried_until=claim.carried_until + by,
            )

        return self._replace(
            refutations=[moved(c) for c in self.refutations],
            alternatives=[moved(c) for c in self.alternatives],
        )

    def rests_on(self, seen: Collection[ProbeCall]) -> bool:
        """Whether an answer of these calls speaks on it."""
        return any(c.call in seen for c in (*self.refutations, *self.alternatives))

    @property
    def is_blank(self) -> bool:
        """Whether nobody has said anything, of what only statements speak on."""
        return self.asked.blank is not None and not self.alternatives

    def _verdict(self, as_of: datetime) -> tuple[State, _Claim, bool] | None:
        """The state, the claim that decides and whether it is carried; None where no claim does."""
        if self.refutations:
            # One that was just seen speaks for the rest: an old one beside it makes it no staler.
            fresh = (c for c in self.refutations if as_of <= c.fresh_until)
            return "not_met", next(fresh, self.refutations[0]), False
        if not self.alternatives:
            return None
        if len(self.alternatives) == 1:
            (only,) = self.alternatives
            if not only.holds:
                return "not_met", only, False
            if as_of <= only.fresh_until:
                return "met", only, False
            return "stale", only, as_of <= only.carried_until
        positive = [c for c in self.alternatives if c.holds]
        if len(positive) > 1:
            positive.sort(key=lambda c: (c.fresh_until, c.carried_until))
        best = positive[-1] if positive else None
        if best and as_of <= best.fresh_until:
            return "met", best, False
        # Kinds of evidence differ in grace: what aged first may be carried longest.
        if carried := [c for c in positive if as_of <= c.carried_until]:
            return "stale", carried[-1], True
        if negative := [c for c in self.alternatives if not c.holds]:
            return "not_met", max(negative, key=lambda c: c.fresh_until), False
        return ("stale", best, False) if best else None

    def _untold(self) -> Judgement:
        """What is found where no claim decides."""
        if self.asked.blank is not None:
            return self.asked.blank
        rule = self.asked.rule
        told = [answer for call in (*rule.met_by, *rule.refuted_by) if (answer := self.answers.get(call))]
        broken = next((answer.error for answer in told if answer.error), self.unusable)
        found = _unanswered(
            rule.criterion,
            self.asked.indicator.number,
            self.asked.level,
            f"Pemeriksaan gagal dijalankan: {broken}" if broken else _why_unknown(rule, self.answers),
            self.hint,
            self.score,
        )
        return Judgement(found.finding._replace(state="error")) if broken else found

    def _found(self, state: State, claim: _Claim, is_carried: bool, as_of: datetime) -> Finding:
        asked = self.asked
        fresh = as_of <= claim.fresh_until
        # Since when stands in `expires_at`: what its day is depends on where the institution is.
        reason = claim.reason if fresh else f"{claim.reason} (bukti kedaluwarsa)"
        return Finding(
            asked.rule.criterion,
            asked.indicator.number,
            asked.level,
            state,
            fresh,
            is_carried,
            reason,
            claim.evidence_ids,
            claim.observed_at,
            claim.fresh_until,
            claim.answered_by,
            self.hint,
            self.score,
        )


@dataclass(frozen=True)
class _Asked:
    """A criterion with its rule and place. `blank` is its finding where nobody has said anything about it.

    It is None where that depends on what a probe or another body said.
    """

    place: int
    indicator: Indicator
    level: int
    rule: Rule
    codes: tuple[str, ...]
    blank: Judgement | None

    def statements_in(self, about: Mapping[str, Sequence[Attested]]) -> Sequence[Attested]:
        """The statements about it, its level or its indicator."""
        named = [about[code] for code in self.codes if code in about]
        return named[0] if len(named) == 1 else [one for several in named for one in several]


@dataclass(frozen=True)
class _Asking:
    """All criteria of an instrument in its order, sorted out by what it takes to be not blank."""

    all: tuple[_Asked, ...]

    @cached_property
    def by_criterion(self) -> dict[str, _Asked]:
        """All by their ids."""
        return {asked.rule.criterion: asked for asked in self.all}

    def of(self, criteria: Collection[str]) -> Sequence[_Asked]:
        """Those of some criteria, in the instrument's order."""
        return sorted((self.by_criterion[one] for one in criteria), key=lambda asked: asked.place)

    @cached_property
    def blank(self) -> dict[str, Judgement | None]:
        """By criterion what is found where nobody has said anything, None where that is not known before."""
        return {asked.rule.criterion: asked.blank for asked in self.all}

    @cached_property
    def open(self) -> tuple[_Asked, ...]:
        """Those on which something else than statements can speak."""
        return tuple(asked for asked in self.all if asked.blank is None)

    @cached_property
    def _by_code(self) -> dict[str, list[_Asked]]:
        found: dict[str, list[_Asked]] = {}
        for asked in self.all:
            for code in asked.codes if asked.blank is not None and asked.rule.attestation else ():
                found.setdefault(code, []).append(asked)
        return found

    def stated(self, about: Iterable[str]) -> list[_Asked]:
        """The others, of those that statements about these codes are about: mostly few of all."""
        return [asked for code in about for asked in self._by_code.get(code, ())]


@lru_cache(maxsize=1 << 12)
def codes_of(criterion: str) -> tuple[str, ...]:
    """What a statement may name that is about a criterion: its indicator, its level, itself."""
    words = criterion.split(".")
    return tuple(".".join(words[:count]) for count in range(1, len(words) + 1))


@lru_cache(maxsize=16)
def _asking_of(rules: Same, instrument: Same) -> _Asking:
    assert isinstance(rules.it, Rules)
    assert isinstance(instrument.it, Instrument)
    asked = []
    for place, (indicator, level, criterion) in enumerate(instrument.it.placed()):
        rule = rules.it.rule(criterion.id)
        blank = None
        if not rule.calls and rule.external_index is None:
            reason = FLOOR_REASON if rule.floor else _why_unknown(rule, {})
            blank = _unanswered(criterion.id, indicator.number, level.level, reason)
            if rule.floor:
                blank = Judgement(blank.finding._replace(state="met", answered_by="dasar skala"))
        asked.append(_Asked(place, indicator, level.level, rule, codes_of(criterion.id), blank))
    return _Asking(tuple(asked))


def blanks(rules: Rules, instrument: Instrument) -> dict[str, Judgement]:
    """By criterion, where no probe and no other body speaks: what is found while nobody makes a statement."""
    found = _asking_of(Same(rules), Same(instrument)).blank
    return {criterion: blank for criterion, blank in found.items() if blank is not None}


@lru_cache(maxsize=1 << 12)
def _unanswered(
    criterion: str,
    indicator: str,
    level: int,
    reason: str,
    hint: str | None = None,
    score: Fraction | None = None,
) -> Judgement:
    """What is found where nothing tells: of many institutions the same."""
    return Judgement(
        Finding(
            criterion=criterion,
            indicator=indicator,
            level=level,
            state="unknown",
            is_fresh=False,
            is_carried=False,
            reason=reason,
            evidence_ids=(),
            observed_at=None,
            expires_at=None,
            answered_by="",
            hint=hint,
            score=score,
        )
    )


@dataclass(frozen=True)
class _Borrowed:
    """An external index with its last known value, if any, and how long that is good for."""

    index: ExternalIndex
    known: ExternalValue | None
    freshness: Freshness

    def claim(self, level: int, ttl: timedelta | None) -> _Claim | None:
        """Whether the value reaches the band of a level. Raises InstrumentError outside its scale."""
        known = self.known
        if known is None:
            return None
        reached = self.index.level(known.value)
        fresh_until = known.expires_at or known.observed_at + (ttl or self.freshness.ttl)
        shown = f"{known.value:f}".replace(".", ",")
        return _Claim(
            reached >= level,
            f"{self.index.id} {known.year} sebesar {shown}, setara tingkat {reached} ({known.citation})",
            known.evidence_ids,
            known.observed_at,
            fresh_until,
            fresh_until + self.freshness.grace,
            f"nilai indeks {self.index.id}",
        )

    def score(self) -> Fraction | None:
        """The score the value turns into; None where there is no value or none that can be."""
        if self.known is None:
            return None
        try:
            return to_digits(self.index.score(self.known.value))
        except InstrumentError:
            return None


def _due_at(claims: Sequence[_Claim], as_of: datetime) -> datetime | None:
    """From when claims may stand otherwise to the date and each other, if those of probes keep their age."""
    if len(claims) == 1 and claims[0].call is None:
        (claim,) = claims
        if as_of <= claim.fresh_until:
            return claim.fresh_until
        return claim.carried_until if as_of <= claim.carried_until else None
    moving = [c for c in claims if c.call is not None]
    if len(moving) == len(claims):
        return None
    moments = []
    for claim in claims:
        if claim.call is None:
            moments += [claim.fresh_until, claim.carried_until]
            for m in moving:
                moments.append(claim.fresh_until - (m.fresh_until - as_of))
                moments.append(claim.carried_until - (m.carried_until - as_of))
    return min([moment for moment in moments if as_of <= moment], default=None)


def _signed(about: Sequence[Attested], grace: timedelta, ttl: timedelta | None) -> list[_Claim]:
    """Of the statements about a criterion those that speak: the newest negative, positive ones after it."""
    speaking = about
    if len(about) > 1:
        refused = [a for a in about if a.statement != "terpenuhi"]
        last_refused = max((a.signed_at for a in refused), default=None)
        speaking = [
            a
            for a in about
            if a.statement == "terpenuhi" and (last_refused is None or a.signed_at > last_refused)
        ]
        if not speaking:
            speaking = [a for a in refused if a.signed_at == last_refused]
    claims = []
    for a in speaking:
        until = a.expires_at
        if ttl is not None:
            until = min(until, a.signed_at + ttl) if a.has_own_expiry else a.signed_at + ttl
        holds = a.statement == "terpenuhi"
        claims.append(_Claim(holds, a.reason, a.evidence_ids, a.signed_at, until, until + grace, "atestasi"))
    return claims


def _hint(rule: Rule, answers: Mapping[ProbeCall, Answer]) -> str | None:
    said = [a for call in rule.hinted_by if (a := answers.get(call)) and a.holds and a.tells]
    return "; ".join([answer.reason for answer in said]) or None


def _why_unknown(rule: Rule, answers: Mapping[ProbeCall, Answer]) -> str:
    said = [a.reason for call in rule.met_by if (a := answers.get(call)) and a.reason]
    if said:
        return said[0]
    if rule.external_index and not rule.attestation:
        return f"Belum ada nilai {rule.external_index}"
    if rule.met_by:
        return "Belum ada pengamatan untuk kriteria ini"
    return "Belum ada atestasi untuk kriteria ini"
