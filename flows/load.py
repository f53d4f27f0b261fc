"""Load: pending ledger entries into the warehouse."""

from __future__ import annotations

from datetime import datetime

from collectors.archive import Archive
from flows.places import Places
from flows.progress import report
from warehouse.load import LoadResult
from warehouse.load import load as load_entries


def load(places: Places, *, now: datetime, institution: str | None = None) -> list[LoadResult]:
    """Load what the ledgers hold and the warehouse has not seen; see `warehouse.load.load`."""
    return load_entries(
        Archive(places.archive),
        places.warehouse,
        now=now,
        institution=institution,
        progress=lambda done, total, what: report("load", done, total, what),
    )
