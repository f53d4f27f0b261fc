"""Load: pending ledger entries into the warehouse."""

from __future__ import annotations

from datetime import datetime

from collectors.archive import Archive
from flows.places import Places
from flows.progress import report
from warehouse.journal import write_journal
from warehouse.load import LoadResult
from warehouse.load import load as load_entries


def load(places: Places, *, now: datetime, institution: str | None = None) -> list[LoadResult]:
    """Load what the ledgers hold and the warehouse has not seen; see `warehouse.load.load`."""
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
    return results
