"""What deserves a message, decided from two scored dates. Pure; delivery is at the edge.

A fall is reported only where the world or a statement changed. Where a provisional value falls because
evidence ran out, that is said as evidence_stale: a failed source never reads as a fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from transforms.alert import Alert, Kind, comma, local_time
from transforms.attribution import CAUSE_TEXT, WITHOUT_THE_WORLD, Change, Scored, changes
from transforms.collection_words import UNREADABLE, failure_words
from transforms.instrument import Instrument
from transforms.levels import shown
from transforms.watch import Watched, watch_alert


@dataclass(frozen=True)
class FailedSource:
    """A source whose last run was not good, with the last time it was.

    `error` is the class of what went wrong. `is_refused`: the run was good, its batch was not; `is_unjudged`:
    the gate never saw it.
    """

    source: str
    message: str
    failed_at: datetime
    last_ok_at: datetime | None
    error: str | None = None
    is_refused: bool = False
    is_unjudged: bool = True


@dataclass(frozen=True)
class DownService:
    """A service that is down, since when, and how it fails, in words."""

    service_id: str
    name: str
    agency: str
    down_since: datetime
    fault: str


@dataclass(frozen=True)
class UnstableService:
    """A service that keeps changing between up and down, since when, and how often of late.

    `told_key` is the event under which this was told before, None where it was not.
    """

    service_id: str
    name: str
    agency: str
    since: datetime
    turns: int
    told_key: str | None


@dataclass(frozen=True)
class RecoveredService:
    """A service that was last told to be down or unstable (event `told_key`) and now is neither."""

    service_id: str
    name: str
    agency: str
    up_since: datetime
    told_key: str


@dataclass(frozen=True)
class CompromisedService:
    """A service whose page carries gambling spam, since when, and quotes that show it."""

    service_id: str
    name: str
    agency: str
    since: datetime
    evidence: str


@dataclass(frozen=True)
class ChangedService:
    """A service whose page suddenly became another: the last moment of the old one, and what is different.

    `is_replaced` is what no redesign is; without it, a person should look.
    """

    service_id: str
    name: str
    agency: str
    since: datetime
    is_replaced: bool
    evidence: str


@dataclass(frozen=True)
class LateApplication:
    """An application that began after the moratorium, and since when that is known."""

    name: str
    agency: str | None
    moratorium_from: date
    known_at: datetime


@dataclass(frozen=True)
class RuleChange:
    """One scored date under the rules before and the present ones: what differs is due to rules alone."""

    before: Scored
    after: Scored
    changes: Sequence[Change]


def decide(
    instrument: Instrument,
    previous: Scored | None,
    current: Scored,
    failed_sources: Sequence[FailedSource],
    down_services: Sequence[DownService],
    min_drop: Decimal,
    time_zone: ZoneInfo,
    late_applications: Sequence[LateApplication] = (),
    turning_services: Sequence[UnstableService | RecoveredService] = (),
    compromised_services: Sequence[CompromisedService] = (),
    changed_services: Sequence[ChangedService] = (),
    moved: Sequence[Change] | None = None,
    rules: RuleChange | None = None,
    watched: Sequence[Watched] = (),
) -> tuple[Alert, ...]:
    """The alerts of one scored date. Scores of different rulesets are never compared.

    `min_drop` is the smallest fall of the index, or of a domain, that is worth a line (points on 1..5).
    `moved` are the changes since `previous` where they are known already; `rules` is the previous date under
    the rules before, where it was scored under others: one notice, never a fall. `watched` is what is looked
    at on every date, whatever moved.
    """
    alerts: list[Alert] = []
    if rules is not None:
        alerts.append(_rules_notice(instrument, rules, time_zone))
    if previous is not None and previous.ruleset_hash == current.ruleset_hash:
        known = changes(instrument, previous, current) if moved is None else moved
        falls = [c for c in known if c.after < c.before]
        alerts += _aggregate_alerts(instrument, previous, current, falls, min_drop)
        alerts += [_level_alert(instrument, previous, current, fall) for fall in falls]
    alerts += [_source_alert(current, failed, time_zone) for failed in failed_sources]
    alerts += [_service_alert(current, down, time_zone) for down in down_services]
    alerts += [_compromise_alert(current, taken, time_zone) for taken in compromised_services]
    alerts += [_change_alert(current, changed, time_zone) for changed in changed_services]
    alerts += [
        _unstable_alert(current, turning, time_zone)
        if isinstance(turning, UnstableService)
        else _recovered_alert(current, turning, time_zone)
        for turning in turning_services
    ]
    alerts += [a for fact in watched if (a := watch_alert(current, fact, min_drop, time_zone)) is not None]
    if late_applications:
        alerts.append(_moratorium_alert(current, late_applications))
    return tuple(alerts)


def _aggregate_alerts(
    instrument: Instrument,
    previous: Scored,
    current: Scored,
    falls: Sequence[Change],
    min_drop: Decimal,
) -> list[Alert]:
    weights = {indicator.number: indicator for indicator in instrument.indicators}
    before_by = {(a.scope, a.code): a for a in previous.aggregates}
    alerts = []
    for after in current.aggregates:
        before = before_by.get((after.scope, after.code))
        if after.scope == "aspect" or before is None:
            continue
        drop = before.provisional - after.provisional
        # A band may be left by less than what is worth a line.
        falls_to_band = after.scope == "index" and drop > 0 and before.predikat != after.predikat
        members = [f for f in falls if after.scope == "index" or weights[f.indicator].domain == after.code]
        if (drop < Fraction(min_drop) and not falls_to_band) or not members:
            continue
        members.sort(key=lambda f: f.contribution)
        real = [f for f in members if f.cause not in WITHOUT_THE_WORLD]
        named = "; ".join(_named(instrument, f) for f in (real or members)[:3])
        if real and (aged := [f for f in members if f.cause in WITHOUT_THE_WORLD]):
            named += "; bukan karena keadaan: " + "; ".join(_named(instrument, f) for f in aged[:3])
        what = after.name if after.scope == "index" else f"Domain {after.name}"
        moved = f"dari {comma(before.provisional)} ke {comma(after.provisional)}"
        old, new = comma(before.provisional), comma(after.provisional)
        if real and falls_to_band:
            # Instead of index_fell: it is one fall.
            kind: Kind = "predicate_fell"
            line = f"Predikat turun dari {before.predikat} ke {after.predikat}, {what} turun {moved}: {named}"
            old, new = f"{before.predikat} ({old})", f"{after.predikat} ({new})"
        elif real:
            kind = "index_fell" if after.scope == "index" else "domain_fell"
            line = f"{what} turun {moved}: {named}"
        else:
            kind = "evidence_stale"
            only_aged = all(f.cause in ("expired", "source_failed") for f in members)
            if falls_to_band:
                moved += f" (predikat {before.predikat} menjadi {after.predikat})"
            why = "semata karena bukti kedaluwarsa" if only_aged else "tanpa perubahan keadaan"
            line = f"{what} bergeser {moved} {why}: {named}"
        alerts.append(
            Alert(
                event_key=_pair_key(kind, f"{after.scope}-{after.code}", previous, current),
                kind=kind,
                severity="penting" if real and after.scope == "index" else "waspada",
                line=line,
                before=old,
                after=new,
                cause=named,
            )
        )
    return alerts


def _named(instrument: Instrument, fall: Change) -> str:
    short = instrument.indicator(fall.indicator).short_name
    return f"I{fall.indicator} {short} {shown(fall.before)} ke {shown(fall.after)} ({CAUSE_TEXT[fall.cause]})"


def _level_alert(instrument: Instrument, previous: Scored, current: Scored, fall: Change) -> Alert:
    indicator = instrument.indicator(fall.indicator)
    stale = fall.cause in WITHOUT_THE_WORLD
    verb = "bergeser" if stale else "turun"
    scale = "tingkat" if instrument.scale == "whole" else "nilai"
    cause = CAUSE_TEXT[fall.cause] + (f", {fall.why}" if fall.why else "")
    kind: Kind = "evidence_stale" if stale else "level_fell"
    return Alert(
        event_key=_pair_key(kind, f"I{fall.indicator}", previous, current),
        kind=kind,
        severity="waspada",
        line=(
            f"Indikator {indicator.number} {indicator.short_name} {verb} dari {scale} {shown(fall.before)} "
            f"ke {shown(fall.after)}: {cause}"
        ),
        before=shown(fall.before),
        after=shown(fall.after),
        cause=cause,
    )


def _rules_notice(instrument: Instrument, rules: RuleChange, time_zone: ZoneInfo) -> Alert:
    """One notice for each change of ruleset, however many dates are scored after it."""
    old, new = rules.before.index.provisional, rules.after.index.provisional
    largest = sorted(rules.changes, key=lambda c: (-abs(c.contribution), c.indicator))
    named = "; ".join(_named(instrument, c) for c in largest[:3])
    rest = f"; dan {len(largest) - 3} indikator lain" if len(largest) > 3 else ""
    hashes = f"{rules.before.ruleset_hash[:12]} menjadi {rules.after.ruleset_hash[:12]}"
    date = local_time(rules.after.as_of, time_zone)
    if largest:
        moved = f"bergeser dari {comma(old)} ke {comma(new)} ({_signed(new - old)}) karena aturan saja: "
        moved += f"{named}{rest}"
    else:
        moved = f"tetap {comma(new)}"
    return Alert(
        event_key=(
            f"rules_changed:{rules.after.institution}:{rules.before.ruleset_hash[:16]}"
            f":{rules.after.ruleset_hash[:16]}"
        ),
        kind="rules_changed",
        severity="info",
        line=f"Aturan penilaian berubah ({hashes}): indeks per {date} {moved}. Ini bukan perubahan keadaan",
        before=comma(old),
        after=comma(new),
        cause=CAUSE_TEXT["rules"],
    )


def _signed(value: Fraction) -> str:
    return f"{'-' if value < 0 else '+'}{comma(abs(value))}"


def _source_alert(current: Scored, failed: FailedSource, time_zone: ZoneInfo) -> Alert:
    """A run that brought nothing, or a batch that was refused: each once until the source is good again."""
    last = failed.last_ok_at
    since = f"terakhir berhasil {local_time(last, time_zone)}" if last else "belum pernah berhasil"
    refused = failed.is_refused
    kind: Kind = "batch_quarantined" if refused else "source_failed"
    if refused:
        words = UNREADABLE if failed.is_unjudged else failed.message
    else:
        words = failure_words(failed.error, failed.message)
    happened = f"Kiriman sumber {failed.source} ditolak" if refused else f"Sumber {failed.source} gagal"
    todo = (
        "Isinya disimpan di karantina; alasan tiap baris: pantau export karantina --format csv -o karantina. "
        if refused
        else ""
    )
    return Alert(
        event_key=f"{kind}:{current.institution}:{failed.source}:{last.isoformat() if last else '-'}",
        kind=kind,
        severity="waspada",
        line=(
            f"{happened} pada {local_time(failed.failed_at, time_zone)} ({since}): "
            f"{words}. {todo}Bukti lama tetap dipakai sampai masa tenggang habis; "
            "ini bukan penurunan nilai"
        ),
        before="berhasil" if last else "belum ada",
        after="ditolak" if refused else "gagal",
        cause=failed.message,
    )


def _service_alert(current: Scored, down: DownService, time_zone: ZoneInfo) -> Alert:
    return Alert(
        event_key=f"service_down:{current.institution}:{down.service_id}:{down.down_since.isoformat()}",
        kind="service_down",
        severity="penting",
        line=(
            f"Layanan {down.name} ({down.agency}) mati sejak {local_time(down.down_since, time_zone)}: "
            f"{down.fault}"
        ),
        before="hidup",
        after="mati",
        cause=down.fault,
    )


def _compromise_alert(current: Scored, taken: CompromisedService, time_zone: ZoneInfo) -> Alert:
    return Alert(
        event_key=f"service_compromised:{current.institution}:{taken.service_id}:{taken.since.isoformat()}",
        kind="service_compromised",
        severity="penting",
        line=(
            f"Halaman layanan {taken.name} ({taken.agency}) disusupi iklan judi sejak "
            f"{local_time(taken.since, time_zone)}: {taken.evidence}"
        ),
        before="bersih",
        after="disusupi",
        cause=taken.evidence,
    )


def _change_alert(current: Scored, changed: ChangedService, time_zone: ZoneInfo) -> Alert:
    kind: Kind = "service_replaced" if changed.is_replaced else "service_changed"
    said = "diganti mendadak" if changed.is_replaced else "berubah mendadak, perlu diperiksa,"
    return Alert(
        event_key=f"{kind}:{current.institution}:{changed.service_id}:{changed.since.isoformat()}",
        kind=kind,
        severity="penting" if changed.is_replaced else "waspada",
        line=(
            f"Halaman layanan {changed.name} ({changed.agency}) {said} setelah "
            f"{local_time(changed.since, time_zone)}: {changed.evidence}"
        ),
        before="halaman lama",
        after="diganti" if changed.is_replaced else "perlu diperiksa",
        cause=changed.evidence,
    )


def _moratorium_alert(current: Scored, late: Sequence[LateApplication]) -> Alert:
    """One line for all of them. The newest names the event: one that is retired makes no new message."""
    since = max(application.moratorium_from for application in late)
    newest = max(application.known_at for application in late)
    ordered = sorted(late, key=lambda a: (-a.known_at.timestamp(), a.name, a.agency or ""))
    named = ", ".join(f"{a.name} ({a.agency or 'perangkat daerah tidak disebut'})" for a in ordered[:3])
    rest = f" dan {len(late) - 3} lainnya" if len(late) > 3 else ""
    day = f"{since:%d-%m-%Y}"
    return Alert(
        event_key=f"application_after_moratorium:{current.institution}:{since}:{newest.isoformat()}",
        kind="application_after_moratorium",
        severity="waspada",
        line=f"{len(late)} aplikasi mulai atau pertama tercatat sejak moratorium {day}: {named}{rest}",
        before=f"moratorium sejak {day}",
        after=f"{len(late)} aplikasi",
        cause="registri aplikasi",
    )


def _unstable_alert(current: Scored, unstable: UnstableService, time_zone: ZoneInfo) -> Alert:
    since = local_time(unstable.since, time_zone)
    new_key = f"service_unstable:{current.institution}:{unstable.service_id}:{unstable.since.isoformat()}"
    return Alert(
        # However the flapping goes on, it is one event until something else has been told.
        event_key=unstable.told_key or new_key,
        kind="service_unstable",
        severity="waspada",
        line=(
            f"Layanan {unstable.name} ({unstable.agency}) tidak stabil sejak {since}: "
            f"{unstable.turns} kali berganti hidup dan mati; tiap pergantian tidak diperingatkan sendiri"
        ),
        before="stabil",
        after="tidak stabil",
        cause=f"{unstable.turns} kali berganti hidup dan mati",
    )


def _recovered_alert(current: Scored, back: RecoveredService, time_zone: ZoneInfo) -> Alert:
    kind, _, _, began = back.told_key.split(":", 3)
    unstable = kind == "service_unstable"
    return Alert(
        event_key=f"service_recovered:{current.institution}:{back.service_id}:{kind}:{began}",
        kind="service_recovered",
        severity="info",
        line=(
            f"Layanan {back.name} ({back.agency}) kembali {'stabil, ' if unstable else ''}hidup sejak "
            f"{local_time(back.up_since, time_zone)}"
        ),
        before="tidak stabil" if unstable else "mati",
        after="hidup",
        cause="pemeriksaan kembali berhasil",
    )


def _pair_key(kind: str, subject: str, previous: Scored, current: Scored) -> str:
    return f"{kind}:{current.institution}:{subject}:{previous.score_id[:16]}:{current.score_id[:16]}"
