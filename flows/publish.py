"""Publish: the read-only DuckDB copy and one page per institution, each swapped in by an atomic rename."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard.page import render
from flows.places import Places
from warehouse import read
from warehouse.connection import reading
from warehouse.errors import WarehouseError
from warehouse.publication import note_publication, publishing
from warehouse.publish import publish as publish_copy


@dataclass(frozen=True)
class Published:
    """Where the copy and the pages are."""

    copy: Path
    pages: tuple[Path, ...]


def publish(places: Places, *, now: datetime) -> Published:
    """Swap in a fresh copy of the warehouse and the pages drawn from it.

    Raises WarehouseBusyError when the warehouse stays held, WarehouseError when there is none.
    """
    with publishing(places.published):
        publish_copy(places.home, places.published, now=now)
        pages = []
        with reading(places.published) as connection:
            for institution in read.institutions(connection):
                path = places.page(institution)
                _replace(path, render(read.page_view(connection, institution)))
                pages.append(path)
        note_publication(places.home, (places.published, *pages), now=now)
    return Published(places.published, tuple(pages))


def _replace(path: Path, text: str) -> None:
    """Write beside the target and rename over it: a reader sees the old page or the new one, never half."""
    # Always the same name, so that what a killed publication left is written over.
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as error:
        raise WarehouseError(
            f"{path}: cannot be written ({error.strerror}); the page before it stays. "
            "Free space or make the folder writable, then run pantau publish"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
