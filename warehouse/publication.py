"""Which files were published last, by their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.connection import Home, append, writing
from warehouse.locks import only_one


def publishing(published: Path) -> AbstractContextManager[None]:
    """Nobody else publishes beside that copy, nor compares it with what was published, meanwhile.

    To be taken before the warehouse is opened. Raises as `only_one` does.
    """
    return only_one(published.with_name("pages"), "publishing")


def note_publication(warehouse: Home, files: Sequence[Path], *, now: datetime) -> None:
    """Write down the digests of what was just published, in place of those of the publication before."""
    rows = [{"file": path.name, "sha256": digest_of(path)} for path in files]
    with writing(warehouse, now) as connection:
        connection.execute("DELETE FROM ops.publication")
        append(connection, "ops.publication", rows, published_at=now)


def published_digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The digests of the last publication, by file name."""
    return dict(connection.execute("SELECT file, sha256 FROM ops.publication ORDER BY file").fetchall())


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read a little at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
