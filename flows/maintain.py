"""Maintain: roll up old uptime checks, make the warehouse compact, tell the sizes."""

from __future__ import annotations

from datetime import datetime

from collectors.archive import Archive
from flows.places import Places
from flows.progress import report
from warehouse.count_ahead import count_ahead
from warehouse.journal import write_journal
from warehouse.maintain import Maintained
from warehouse.maintain import maintain as maintain_warehouse


def maintain(places: Places, *, now: datetime) -> Maintained:
    """Roll up and compact. Raises WarehouseBusyError when the warehouse stays held."""
    done = maintain_warehouse(
        places.home,
        {"archive": places.archive, "published": places.published},
        now=now,
        progress=lambda number, total, what: report("maintain", number, total, what),
    )
    write_journal(Archive(places.archive), places.home, now=now)
    if any(one.is_anything for one in done.rolled_up):
        # What was counted before holds no longer.
        count_ahead(places.home, places.published, now=now)
    return done
