"""Pulse: does anything still run? Asked from outside the flows, which cannot say that they stand still.

Looks at the ledgers of the archive and at the published copy: no network, no warehouse, nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.archive import Archive
from collectors.institution import SERVICES_SOURCE, InstitutionFile
from flows.places import Places
from transforms.watch import Silence, silence_words
from warehouse.connection import reading


@dataclass(frozen=True)
class Beat:
    """One cadence, or `score`: when it last ran, and the words of an officer where that is too long ago."""

    cadence: str
    last_run_at: datetime | None
    is_silent: bool
    message: str


def pulse(file: InstitutionFile, places: Places, *, now: datetime) -> list[Beat]:
    """Every cadence of the file, and scoring, with when it last ran by `now`. Raises ArchiveError."""
    sources: dict[str, list[str]] = {}
    for source in file.sources:
        sources.setdefault(source.cadence, []).append(source.id)
    if file.services:
        sources.setdefault(file.services_cadence, []).append(SERVICES_SOURCE)
    last = _collected(file, places, sources) | {"score": _scored(file, places)}
    zone = ZoneInfo(file.institution.time_zone)
    return [
        _beat(cadence, sources.get(cadence, []), at, getattr(file.alerts.silent_after, cadence), now, zone)
        for cadence, at in last.items()
    ]


def _collected(
    file: InstitutionFile, places: Places, sources: Mapping[str, list[str]]
) -> dict[str, datetime | None]:
    archive = Archive(places.archive)
    found: dict[str, datetime | None] = {}
    for cadence, names in sources.items():
        runs = [entry.recorded_at for n in names for entry in archive.ledger(file.institution.id, n)[-1:]]
        found[cadence] = max(runs, default=None)
    return found


def _scored(file: InstitutionFile, places: Places) -> datetime | None:
    if not places.published.exists():
        return None
    with reading(places.published) as connection:
        row = connection.execute(
            "SELECT max(scored_at) FROM score.run WHERE institution = $institution",
            {"institution": file.institution.id},
        ).fetchone()
    return row[0] if row else None


def _beat(
    cadence: str,
    sources: list[str],
    last: datetime | None,
    allowed: timedelta,
    now: datetime,
    zone: ZoneInfo,
) -> Beat:
    silence = Silence(cadence, sources, True, last, last or now, allowed)
    is_silent = last is None or now - last > allowed
    return Beat(cadence, last, is_silent, silence_words(silence, zone) if is_silent else "")
