"""Load: pending ledger entries into the warehouse; checks of days gone by are counted, for publications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collectors.archive import Archive
from collectors.institution import CONFIG_SOURCE, HISTORY_SOURCE, SERVICES_SOURCE
from flows.places import Places
from flows.progress import report
from warehouse.count_ahead import count_ahead
from warehouse.journal import write_journal
from warehouse.load import LoadResult
from warehouse.load import load as load_entries

_CHANGING = (CONFIG_SOURCE, HISTORY_SOURCE)
"""Sources after which what was counted before holds no longer."""


def load(
    places: Places, *, now: datetime, institution: str | None = None, is_counting: bool = True
) -> list[LoadResult]:
    """Load what the ledgers hold and the warehouse has not seen; see `warehouse.load.load`.

    Whoever loads one institution after another counts once, at the end (`count`).
    """
    archive = Archive(places.archive)
    results = load_entries(
        archive,
        places.home,
        now=now,
        institution=institution,
        progress=lambda done, total, what: report("load", done, total, what),
    )
    own = None if institution is None else (institution,)
    write_journal(archive, places.home, now=now, is_due=False, institutions=own)
    if is_counting:
        count(places, results, now=now)
    return results


def count(places: Places, results: Sequence[LoadResult], *, now: datetime) -> None:
    """Count ahead of publication where these results leave more to count (`count_ahead`); never fails."""
    loaded = [result for result in results if result.outcome == "loaded"]
    is_changed = any(result.source in _CHANGING for result in loaded)
    checked = {result.institution for result in loaded if result.source == SERVICES_SOURCE}
    if is_changed or checked:
        count_ahead(places.home, places.published, now=now, institutions=None if is_changed else checked)
