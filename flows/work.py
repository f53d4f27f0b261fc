"""Work: one worker's share of many institutions, in one process, so that what is slow to start starts once.

Institutions are loaded one by one and scored together: probes answer for all of them at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors.archive import Archive
from collectors.institution import Cadence, read_institution
from collectors.ledger import ArchiveError
from flows.collect import collect
from flows.load import count, load
from flows.places import Clock, Places
from flows.score import score
from transforms.index import rounded
from warehouse.errors import WarehouseError
from warehouse.load import LoadResult
from warehouse.score import ScoreError, ScoreResult

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worked:
    """What became of one institution: entries loaded, its index, and what failed, if anything."""

    institution: str
    entries: int
    index: str | None
    problem: str | None


def share_of(files: Sequence[Path], number: int, workers: int) -> list[Path]:
    """The files of worker `number` of so many, counted from 1: every institution is of exactly one."""
    return sorted(files)[number - 1 :: workers]


def work(
    files: Sequence[Path],
    places: Places,
    *,
    clock: Clock,
    is_collecting: bool = True,
    is_scoring: bool = True,
    cadence: Cadence | None = None,
    as_of: datetime | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Worked]:
    """Collect and load each institution, then score those that could be; `progress` hears each one's id.

    What one institution fails at does not stop the others. Raises ConfigError before anything is done.
    """
    names = {file: read_institution(file)[0].institution.id for file in files}
    entries: dict[str, int] = {}
    results: list[LoadResult] = []
    problems: dict[str, str] = {}
    for file, name in names.items():
        try:
            if is_collecting:
                collect(file, Archive(places.archive), clock=clock, cadence=cadence)
            loaded = load(places, now=clock(), institution=name, is_counting=False)
        except (ArchiveError, WarehouseError, OSError) as error:
            log.error("%s: %s", name, error)
            problems[name] = str(error)
            continue
        results += loaded
        entries[name] = len(loaded)
        broken = [f"{result.source}: {result.message}" for result in loaded if result.outcome == "error"]
        if broken:
            problems[name] = "; ".join(broken)
        progress(name)
    count(places, results, now=clock())
    scored: list[ScoreResult] = []
    if is_scoring and entries:
        now = clock()
        try:
            scored = score(places, as_of=as_of or now, now=now, institutions=sorted(entries))
        except (ScoreError, WarehouseError, OSError) as error:
            log.error("scoring: %s", error)
            problems |= {name: problems.get(name) or f"scoring: {error}" for name in entries}
    index: dict[str, str] = {}
    for result in scored:
        # The headline's instrument comes first.
        index.setdefault(result.institution, str(rounded(result.current.index.provisional)))
    return [
        Worked(name, entries.get(name, 0), index.get(name), problems.get(name)) for name in names.values()
    ]
