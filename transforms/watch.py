"""What is looked at on every date, whatever moved: the path to the target, what runs out, what stands still.

Pure. Each event has a key of its own (a certificate, a month, a stop), so that it is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

from transforms.alert import Alert, comma, local_day, local_time
from transforms.attribution import Scored
from transforms.forecast import Expiry
from transforms.index import rounded
from transforms.instrument import Instrument
from transforms.ruleset import Ruleset

NOBODY = "Pemilik berkas institusi"
"""Who answers for what no criterion names an owner of."""


@dataclass(frozen=True)
class TargetPath:
    """The way to the targets of the institution's file: straight lines between the ends of years.

    It begins at the latest official result (year and index), or at an earlier target. `told_key` is the event
    under which it was last told that the index is below, None where it was not, or was told to be back.
    """

    targets: Mapping[int, Decimal]
    official: tuple[int, Decimal] | None
    told_key: str | None = None

    def step(self, day: date) -> tuple[tuple[int, Decimal], tuple[int, Decimal]] | None:
        """The ends, year and index, of the line on which a day lies; None before the path begins.

        After the last target that is both ends.
        """
        if not self.targets:
            return None
        ahead = [year for year in sorted(self.targets) if year >= day.year]
        if not ahead:
            last = max(self.targets)
            return (last, self.targets[last]), (last, self.targets[last])
        goal = ahead[0]
        known = dict(self.targets) | ({self.official[0]: self.official[1]} if self.official else {})
        earlier = [year for year in known if year < goal and year < day.year]
        if not earlier:
            return None
        return (max(earlier), known[max(earlier)]), (goal, self.targets[goal])

    def at(self, day: date) -> Fraction | None:
        """What the index should be on a day: never above the next target."""
        step = self.step(day)
        if step is None:
            return None
        (first_year, first), (last_year, last) = step
        if first_year == last_year:
            return Fraction(last)
        begin, end = date(first_year, 12, 31), date(last_year, 12, 31)
        line = Fraction(first) + Fraction(last - first) * Fraction((day - begin).days, (end - begin).days)
        return min(line, Fraction(last))


@dataclass(frozen=True)
class ExpiringCertificate:
    """A certificate that verifies, and the services (name, perangkat daerah) that show it.

    `thresholds` are numbers of days before its end at which that is told.
    """

    expires_at: datetime
    services: Sequence[tuple[str, str]]
    thresholds: Sequence[int]


@dataclass(frozen=True)
class Silence:
    """Sources of a cadence of which no run came in for longer than their schedule allows.

    `is_whole`: that holds of every source of the cadence. `last_run_at` is None where there never was a run.
    """

    cadence: str
    sources: Sequence[str]
    is_whole: bool
    last_run_at: datetime | None
    since: datetime
    allowed: timedelta


Watched = TargetPath | ExpiringCertificate | Silence


def watch_alert(current: Scored, fact: Watched, min_drop: Decimal, time_zone: ZoneInfo) -> Alert | None:
    """What a fact is worth on that date, if anything."""
    match fact:
        case TargetPath():
            return _path_alert(current, fact, min_drop, time_zone)
        case ExpiringCertificate():
            return _certificate_alert(current, fact, time_zone)
        case Silence():
            return _silence_alert(current, fact, time_zone)


def _path_alert(current: Scored, path: TargetPath, min_drop: Decimal, time_zone: ZoneInfo) -> Alert | None:
    day = current.as_of.astimezone(time_zone).date()
    step, due = path.step(day), path.at(day)
    if step is None or due is None:
        return None
    index = current.index
    if path.told_key is not None and index.provisional >= due:
        began = path.told_key.split(":", 2)[2]
        return Alert(
            event_key=f"target_path_regained:{current.institution}:{began}",
            kind="target_path_regained",
            severity="info",
            line=(
                f"{index.name} {comma(index.provisional)} kembali di atas jalur target "
                f"({comma(due)} per {day:%d-%m-%Y})"
            ),
            before="di bawah jalur",
            after="di jalur",
            cause="indeks mencapai jalur target",
        )
    if due - index.provisional < Fraction(min_drop):
        return None
    (first_year, first), (last_year, last) = step
    way = f"target {last_year} {comma(last)}"
    if first_year != last_year:
        way = f"dari {comma(first)} pada akhir {first_year} ke {way}"
    # As the two figures beside it are read.
    short = rounded(due) - rounded(index.provisional)
    todo = f"pantau plan --target {last} --by {last_year}-12-31" if last_year >= day.year else "pantau plan"
    return Alert(
        # However long it lasts, it is one event until it was told that it is over.
        event_key=path.told_key or f"below_target_path:{current.institution}:{current.as_of.isoformat()}",
        kind="below_target_path",
        severity="waspada",
        line=(
            f"{index.name} {comma(index.provisional)} di bawah jalur target: per {day:%d-%m-%Y} seharusnya "
            f"{comma(due)} ({way}), kurang {comma(short)}. Langkah termurah: {todo}"
        ),
        before=comma(due),
        after=comma(index.provisional),
        cause=f"jalur target: {way}",
    )


def _certificate_alert(current: Scored, ending: ExpiringCertificate, time_zone: ZoneInfo) -> Alert | None:
    left = ending.expires_at - current.as_of
    reached = [days for days in ending.thresholds if left <= timedelta(days=days)]
    if not reached or left <= timedelta(0):
        return None
    nearest = min(reached)
    named = ", ".join(f"{name} ({agency})" for name, agency in ending.services[:3])
    if len(ending.services) > 3:
        named += f" dan {len(ending.services) - 3} layanan lain"
    when = f"{local_time(ending.expires_at, time_zone)}, {_left(ending.expires_at, current.as_of, time_zone)}"
    return Alert(
        event_key=f"tls_expiring:{current.institution}:{ending.expires_at.isoformat()}:{nearest}",
        kind="tls_expiring",
        severity="penting" if nearest == min(ending.thresholds) else "waspada",
        line=(
            f"Sertifikat TLS {named} berakhir {when}. Perbarui sebelum itu: sesudahnya peramban menolak "
            "halamannya dan layanan terhitung mati"
        ),
        before="sah",
        after=f"berakhir {local_day(ending.expires_at, time_zone)}",
        cause="masa berlaku sertifikat hampir habis",
    )


_CADENCES: Mapping[str, str] = {
    "services": "Pemeriksaan layanan",
    "listings": "Pengumpulan peraturan (listings)",
    "registry": "Pengumpulan registri dan pernyataan (registry)",
    "score": "Penilaian (score)",
}


def silence_words(silence: Silence, time_zone: ZoneInfo) -> str:
    """What stands still, since when, and what to do."""
    if silence.is_whole:
        what = f"{_CADENCES[silence.cadence]} berhenti"
    else:
        what = f"Sumber {', '.join(silence.sources)} tidak dikumpulkan"
    if silence.last_run_at is None:
        since = "belum pernah berjalan"
    else:
        since = f"terakhir {local_time(silence.since, time_zone)}"
    todo = f"--cadence {silence.cadence}" if silence.is_whole else f"--source {silence.sources[0]}"
    todo = "score" if silence.cadence == "score" else f"collect {todo}"
    return (
        f"{what}: {since}, padahal batasnya {_span(silence.allowed)}. Periksa penjadwal dan "
        f"worker-nya, lalu jalankan pantau {todo}"
    )


def _silence_alert(current: Scored, silence: Silence, time_zone: ZoneInfo) -> Alert:
    what = silence.cadence if silence.is_whole else ",".join(silence.sources)
    return Alert(
        event_key=f"pipeline_silent:{current.institution}:{what}:{silence.since.isoformat()}",
        kind="pipeline_silent",
        severity="penting" if silence.is_whole else "waspada",
        line=f"{silence_words(silence, time_zone)}. Ini bukan penurunan nilai",
        before="berjalan",
        after="tidak ada pengumpulan",
        cause="jadwal tidak berjalan, atau yang terkumpul tidak dimuat",
    )


def _span(span: timedelta) -> str:
    hours, rest = divmod(span, timedelta(hours=1))
    return f"{hours} jam" if not rest else f"{span // timedelta(minutes=1)} menit"


def _left(at: datetime, as_of: datetime, time_zone: ZoneInfo) -> str:
    days = (at.astimezone(time_zone).date() - as_of.astimezone(time_zone).date()).days
    return f"{days} hari lagi" if days else "hari ini"


def expiring_evidence(
    ruleset: Ruleset,
    current: Scored,
    expiries: Sequence[Expiry],
    days: int,
    time_zone: ZoneInfo,
) -> tuple[Alert, ...]:
    """Evidence that runs out within `days` and costs index: one alert per perangkat daerah and month.

    A month is told when the first of it comes within reach, with all that runs out in it from then on.
    """

    def of(expiry: Expiry) -> tuple[str, str]:
        owner = ruleset.rules.rule(expiry.criterion).owner if expiry.criterion else NOBODY
        return f"{expiry.at.astimezone(time_zone):%Y-%m}", owner

    ahead = sorted((e for e in expiries if e.event != "fact"), key=lambda e: (of(e), e.at, e.indicator))
    found = []
    for (month, owner), members in groupby(ahead, key=of):
        costly = [e for e in members if e.proven_change < 0 or e.provisional_change < 0]
        if costly and costly[0].at <= current.as_of + timedelta(days=days):
            alert = _evidence_alert(ruleset.instrument, current, month, owner, costly, time_zone)
            found.append((costly[0].at, owner, alert))
    return tuple(alert for _, _, alert in sorted(found, key=lambda told: told[:2]))


def _evidence_alert(
    instrument: Instrument,
    current: Scored,
    month: str,
    owner: str,
    ending: Sequence[Expiry],
    time_zone: ZoneInfo,
) -> Alert:
    proven = -sum((e.proven_change for e in ending), Fraction(0))
    provisional = -sum((e.provisional_change for e in ending), Fraction(0))
    costs = []
    if proven > 0:
        costs.append(f"nilai terbukti turun {comma(proven)}")
    if provisional > 0:
        costs.append(f"nilai sementara turun {comma(provisional)}")
    cost = " dan ".join(costs) or "tidak ada nilai yang turun"
    indicators = list(dict.fromkeys(e.indicator for e in sorted(ending, key=lambda e: e.proven_change)))
    named = ", ".join(f"I{n} {instrument.indicator(n).short_name}" for n in indicators[:3])
    if len(indicators) > 3:
        named += f" dan {len(indicators) - 3} indikator lain"
    count = len({e.criterion for e in ending})
    first, last = ending[0].at, ending[-1].at
    return Alert(
        event_key=f"evidence_expiring:{current.institution}:{instrument.id}:{month}:{owner}",
        kind="evidence_expiring",
        severity="penting" if provisional > 0 else "waspada",
        line=(
            f"{owner}: bukti {count} kriteria kedaluwarsa mulai {local_day(first, time_zone)} "
            f"({_left(first, current.as_of, time_zone)}), {named}. Bila tidak diperbarui, sampai "
            f"{local_day(last, time_zone)} {cost} ({current.index.name}). Rinciannya: "
            f"pantau forecast --until {last.astimezone(time_zone):%Y-%m-%d}"
        ),
        before=f"{count} kriteria berbukti",
        after=cost,
        cause=f"bukti kedaluwarsa dalam bulan {month}",
    )
