"""What people are shown of a score: plain values read from a published copy, drawn by the page and the CLI.

Levels are 1..5, whole or decimals as the instrument's scale is; aggregates are exact Decimals, rounded only
where they are drawn. Moments are aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from transforms.forecast_views import ForecastView
from transforms.levels import shown

if TYPE_CHECKING:
    from transforms.instrument_views import InstrumentView, UnverifiedView

Scope = Literal["index", "domain", "aspect"]
Level = int | Decimal
"""A whole number on a whole scale, an exact decimal on an itemised one."""


def level_text(value: Level) -> str:
    """A level as officers read it: ``4``, or ``2,50`` on a scale of decimals."""
    return shown(value if isinstance(value, int) else Fraction(value))


STATE_NAMES: Mapping[str, str] = {
    "met": "terpenuhi",
    "not_met": "tidak terpenuhi",
    "unknown": "belum diketahui",
    "stale": "basi",
    "error": "galat",
}
"""The states of a finding as officers read them; `mart.temuan_terkini` uses the same words."""


@dataclass(frozen=True)
class OfficialView:
    """One official result, with the document that holds it."""

    instrument: str
    year: int
    index: Decimal
    decided_on: date
    citation: str


@dataclass(frozen=True)
class IndexView:
    """The latest index of one institution.

    `official_index` is the last result decided by then. `previous_as_of` is the scored date before, under the
    same rules: the one that changes are told from. `target_gap` is the rounded provisional index minus
    `target`. `dates_under_other_rules` counts the scored dates that no score under these rules stands for.
    """

    score_id: str
    institution: str
    name: str
    instrument: str
    ruleset_hash: str
    as_of: datetime
    scored_at: datetime
    time_zone: str
    proven: Decimal
    provisional: Decimal
    possible: Decimal
    coverage: Decimal
    predikat: str | None
    target: Decimal | None
    target_gap: Decimal | None
    official_index: Decimal | None
    official_year: int | None
    previous_as_of: datetime | None
    previous_provisional: Decimal | None
    dates_under_other_rules: int = 0


@dataclass(frozen=True)
class AggregateView:
    """A domain or an aspect; `domain` is the domain's own number, or the one that holds the aspect."""

    scope: Scope
    code: str
    name: str
    domain: str
    weight: Decimal
    proven: Decimal
    provisional: Decimal
    possible: Decimal
    coverage: Decimal


@dataclass(frozen=True)
class PassageView:
    """The words of a capture that decided: one row of evidence.

    `kind` is regulation, service, application, dataset, attestation, file or external_index. `subject` is
    what it is about, `status` what it says of it; `dated` and `happened_at` when that was; `address` leads to
    the thing itself.
    """

    kind: str
    subject: str
    status: str | None
    dated: date | None
    happened_at: datetime | None
    address: str | None
    words: str

    @property
    def quote(self) -> str:
        """The words, after what they are about where they do not say it themselves."""
        says_it = self.kind in ("regulation", "application", "dataset") and self.subject in self.words
        return self.words if says_it else f"{self.subject}: {self.words}"


@dataclass(frozen=True)
class EvidenceView:
    """One capture a finding rests on.

    `digest` is the SHA-256 in hex; `url` is ``file:<name>`` for a dropped file. `pantau evidence` prints the
    bytes behind `capture_id`.
    """

    source: str
    url: str
    captured_at: datetime
    status: int | None
    digest: str
    warc_file: str
    warc_offset: int | None
    capture_id: str = ""
    passages: tuple[PassageView, ...] = ()


@dataclass(frozen=True)
class CriterionView:
    """One criterion with the state of its finding and the reason.

    `hint_evidence` are the captures that the hint rests on; none in copies of old.
    """

    criterion: str
    level: int
    text: str
    state: str
    is_fresh: bool
    is_carried: bool
    reason: str
    hint: str | None
    answered_by: str
    answerable_by: str
    owner: str
    remedy: str
    observed_at: datetime | None
    expires_at: datetime | None
    evidence: tuple[EvidenceView, ...]
    hint_evidence: tuple[EvidenceView, ...] = ()

    @property
    def state_name(self) -> str:
        """The state in Indonesian."""
        return STATE_NAMES[self.state]

    @property
    def counts(self) -> bool:
        """Counts toward the floor: met, or stale inside its grace period."""
        return self.state == "met" or self.is_carried


@dataclass(frozen=True)
class IndicatorView:
    """One indicator; `reason` says what blocks the next level and `remedy` what would lift that block.

    `rung` is the highest level that the provisional value holds wholly. `facts` and `analysis` are the texts
    that the assessment form asks for; empty in copies of old.
    """

    number: str
    name: str
    short_name: str
    domain: str
    domain_name: str
    aspect: str
    aspect_name: str
    weight: Decimal
    proven: Level
    provisional: Level
    possible: Level
    official: Level | None
    coverage: Decimal
    reason: str
    blocking: str | None
    remedy: str | None
    criteria: tuple[CriterionView, ...]
    rung: int | None = None
    facts: str = ""
    analysis: str = ""

    @property
    def missing(self) -> tuple[CriterionView, ...]:
        """What keeps it from the next level, as far as the instrument has one."""
        return tuple(c for c in self.criteria if c.level == self.next_level and not c.counts)

    @property
    def next_level(self) -> int:
        """The level to reach next: that of the blocking criterion, where one is named."""
        if self.blocking is not None:
            return int(self.blocking.split(".")[1])
        return (int(self.provisional) if self.rung is None else self.rung) + 1


@dataclass(frozen=True)
class CauseView:
    """What one criterion has in a change: `cause` in words, `reason` the state it is in now.

    `criterion` is None for the official level.
    """

    criterion: str | None
    cause: str
    reason: str
    contribution: Decimal


@dataclass(frozen=True)
class ChangeView:
    """One indicator whose provisional level moved; contributions add up to the change of the index.

    `causes` say why, what weighs most first; their contributions add up to the indicator's.
    """

    indicator: str
    short_name: str
    before: Level
    after: Level
    contribution: Decimal
    causes: tuple[CauseView, ...] = ()


@dataclass(frozen=True)
class AlertView:
    """One line of the outbox."""

    kind: str
    severity: str
    line: str
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True)
class TrendPoint:
    """The index on one scored date; `day` is its day where the institution is."""

    day: date
    as_of: datetime
    proven: Decimal
    provisional: Decimal
    possible: Decimal
    ruleset_hash: str


@dataclass(frozen=True)
class ServiceView:
    """A service with its last check; times in milliseconds, `availability` in percent of the last 30 days."""

    service: str
    name: str
    agency: str
    url: str
    state: str
    since: datetime | None
    checked_at: datetime | None
    status: int | None
    error_class: str | None
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float | None
    is_https: bool | None
    cert_expires_at: datetime | None
    availability: Decimal | None
    is_compromised: bool | None = None
    compromise_evidence: str | None = None


@dataclass(frozen=True)
class AgencyLevelView:
    """The service level of a perangkat daerah in one month (its first day); minutes, availability in percent.

    `availability` is None where no time is known, `longest_outage` where there was none, `p95_ms` where no
    check was up.
    """

    month: date
    agency: str
    services: int
    availability: Decimal | None
    unknown: Decimal
    excluded: Decimal
    outages: int
    longest_outage: Decimal | None
    p95_ms: float | None


@dataclass(frozen=True)
class SourceView:
    """A source with its last run and its last good one. `is_stale` is None where no TTL applies."""

    source: str
    collector: str
    agency: str | None
    location: str | None
    last_run_at: datetime | None
    last_run_ok: bool | None
    error_class: str | None
    error_message: str | None
    last_ok_at: datetime | None
    row_count: int | None
    refused_count: int | None
    ttl: timedelta | None
    is_stale: bool | None


@dataclass(frozen=True)
class OverlapView:
    """Two applications that may do the same work; `likeness` in 0..1."""

    first_name: str
    first_agency: str | None
    second_name: str
    second_agency: str | None
    likeness: Decimal
    reason: str


@dataclass(frozen=True)
class LateApplicationView:
    """An application that began after the moratorium; `basis` says where its date is from."""

    name: str
    agency: str | None
    since: date
    basis: str


@dataclass(frozen=True)
class ApplicationsView:
    """What the registry says for making applications fewer; `overlaps` and `late` are the first of so many.

    `integrated` is counted among the `told`: those about which the registry says anything.
    """

    listed: int
    shared: int
    integrated: int
    told: int
    dead: int
    unregistered: int
    overlap_count: int
    late_count: int
    moratorium_from: date | None
    overlaps: tuple[OverlapView, ...]
    late: tuple[LateApplicationView, ...]


@dataclass(frozen=True)
class BandView:
    """A predikat and where it begins and ends on the scale; each end belongs to it or not."""

    predikat: str
    low: Decimal
    high: Decimal
    has_low: bool = True
    has_high: bool = False

    def covers(self, value: Decimal) -> bool:
        """Whether the value has this predikat."""
        return (
            self.low < value < self.high
            or (self.has_low and value == self.low)
            or (self.has_high and value == self.high)
        )


@dataclass(frozen=True)
class NormView:
    """The instrument, as far as a reader has to know it; `unverified` is what in it was inferred."""

    instrument: str
    name: str
    short_name: str
    legal_basis: str
    valid_to: date | None
    repealed_by: str | None
    bands: tuple[BandView, ...]
    unverified: tuple[UnverifiedView, ...] = ()


@dataclass(frozen=True)
class PageView:
    """Everything on one institution's page; `beside` are further instruments on the same evidence."""

    index: IndexView
    norm: NormView
    aggregates: tuple[AggregateView, ...]
    indicators: tuple[IndicatorView, ...]
    weakest: tuple[IndicatorView, ...]
    changes: tuple[ChangeView, ...]
    alerts: tuple[AlertView, ...]
    trend: tuple[TrendPoint, ...]
    official: tuple[OfficialView, ...]
    services: tuple[ServiceView, ...]
    sources: tuple[SourceView, ...]
    applications: ApplicationsView | None
    forecast: ForecastView | None = None
    rules_moved: Decimal | None = None
    agency_levels: tuple[AgencyLevelView, ...] = ()
    beside: tuple[InstrumentView, ...] = ()
