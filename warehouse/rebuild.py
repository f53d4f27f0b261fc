"""The warehouse made anew from the archive, beside the old one, and swapped in when it is whole.

Whatever stops it on its way, the old warehouse stays where and as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from collectors.archive import Archive
from collectors.institution import JOURNAL_SOURCE
from warehouse.compare import Difference, differences
from warehouse.connection import Home, append, copying, writing
from warehouse.errors import NewerWarehouseError, WarehouseBusyError, WarehouseError
from warehouse.files import remove, sync
from warehouse.journal import read_journal, write_journal
from warehouse.lake import Lake
from warehouse.locks import only_one
from warehouse.operations import Operation, operations
from warehouse.replay import Progress, Replay, Replayed, keep_old_scores


@dataclass(frozen=True)
class Rebuilt:
    """What became of a rebuild.

    `before` is where the old warehouse is kept, None where there was none. `changed` are the tables of which
    rows are not those of the old warehouse; None where that could not be read, `unreadable` saying why.
    `pending` is how many ledger entries no operation has loaded: the next load does.
    """

    replayed: Replayed
    total: int
    pending: int
    before: Path | None
    changed: tuple[Difference, ...] | None
    unreadable: str | None


class LakeNotEmptyError(Exception):
    """A lake is not made anew in place; the message says how it is done."""


def rebuild(archive: Archive, warehouse: Home, *, now: datetime, progress: Progress | None = None) -> Rebuilt:
    """Make the warehouse anew and swap it in; the old one is kept beside it as `.before`.

    A lake cannot be swapped: an empty one is filled, else LakeNotEmptyError is raised.

    Everything comes back as of its own time, from the operations in the archive; those that the old warehouse
    knows and the archive does not are copied there first. Raises WarehouseBusyError when the old one stays
    held or another rebuild runs, NewerWarehouseError when this program is too old for it, WarehouseError
    where there is neither archive nor warehouse, ArchiveError and ReplayError when the archive does not hold
    what was done.
    """
    if isinstance(warehouse, Lake):
        return _fill(archive, warehouse, now, progress)
    if not archive.sources() and not warehouse.exists():
        raise WarehouseError(
            f"{archive.root}: there is no archive, and no warehouse; is it the right folder?"
        )
    with alone(warehouse):
        beside = warehouse.with_name(f".{warehouse.name}.new")
        kept = warehouse.with_name(f".{warehouse.name}.kept")
        for left in (beside, kept):
            remove(left)
        try:
            return _rebuild(archive, warehouse, beside, kept, now, progress)
        finally:
            for left in (beside, kept):
                remove(left)


def _rebuild(
    archive: Archive,
    warehouse: Path,
    beside: Path,
    kept: Path,
    now: datetime,
    progress: Progress | None,
) -> Rebuilt:
    unreadable = None
    if warehouse.exists():
        try:
            write_journal(archive, warehouse, now=now)
        except (WarehouseBusyError, NewerWarehouseError):
            raise
        except (WarehouseError, duckdb.Error) as error:
            unreadable = str(error)
    readable = warehouse.exists() and unreadable is None
    has_kept = readable and keep_old_scores(warehouse, kept) > 0
    replay = Replay(archive, beside, kept if has_kept else None)
    known: list[Operation] = []
    while True:
        fresh = _past(known, read_journal(archive))
        replay.repeat(fresh, progress)
        known += fresh
        _finish(archive, replay, beside, known, now)
        if not readable:
            changed = None
            break
        with copying(warehouse) as connection:
            if not _past(known, operations(connection)):
                # Nobody can write to the old one while it is attached, and who waits finds the new one.
                _take_publication(connection, beside, now)
                connection.execute(f"ATTACH '{_quoted(beside)}' AS rebuilt (READ_ONLY)")
                changed = tuple(differences(connection, "rebuilt", "warehouse"))
                connection.execute("DETACH rebuilt")
                pending = _pending(archive, known)
                return Rebuilt(replay.done, len(known), pending, _swap(warehouse, beside), changed, None)
        # Somebody wrote meanwhile: that is repeated, too.
        write_journal(archive, warehouse, now=now)
    before = _swap(warehouse, beside) if warehouse.exists() else None
    if before is None:
        move(warehouse, beside)
    return Rebuilt(replay.done, len(known), _pending(archive, known), before, changed, unreadable)


def _fill(archive: Archive, lake: Lake, now: datetime, progress: Progress | None) -> Rebuilt:
    with writing(lake, now) as connection:
        found = connection.execute("SELECT count(*) FROM ops.operation").fetchone()
    if found and found[0]:
        raise LakeNotEmptyError(
            f"{lake}: holds {found[0]} operations, and a lake is not made anew in place; name an empty "
            "database and an empty data_path in pantau.yml, run pantau rebuild, then drop the old ones"
        )
    known = read_journal(archive)
    replay = Replay(archive, lake, None)
    replay.repeat(known, progress)
    _finish(archive, replay, lake, known, now)
    return Rebuilt(replay.done, len(known), _pending(archive, known), None, None, None)


def note_journal(connection: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Let a warehouse that was made from the journal know its lines."""
    last = dict(
        connection.execute("SELECT institution, max(seq) FROM ops.operation GROUP BY institution").fetchall()
    )
    connection.execute("DELETE FROM ops.journal")
    for institution, source in archive.sources():
        if source == JOURNAL_SOURCE:
            rows = [
                {"ledger_seq": entry.seq, "entry_id": entry.entry_id, "last_seq": last.get(institution, -1)}
                for entry in archive.ledger(institution, source)
            ]
            append(connection, "ops.journal", rows, institution=institution)


def _finish(
    archive: Archive, replay: Replay, beside: Home, known: Sequence[Operation], now: datetime
) -> None:
    replay.finish(known, now)
    with writing(beside, now) as connection:
        note_journal(connection, archive)


def _take_publication(connection: duckdb.DuckDBPyConnection, beside: Path, now: datetime) -> None:
    rows = connection.execute("SELECT file, sha256, published_at FROM ops.publication").fetchall()
    with writing(beside, now) as new:
        append(
            new,
            "ops.publication",
            [dict(zip(("file", "sha256", "published_at"), row, strict=True)) for row in rows],
        )


def _past(known: Sequence[Operation], found: Sequence[Operation]) -> list[Operation]:
    last: dict[str, int] = {}
    for operation in known:
        last[operation.institution] = max(operation.seq, last.get(operation.institution, -1))
    return [operation for operation in found if operation.seq > last.get(operation.institution, -1)]


def _pending(archive: Archive, known: Sequence[Operation]) -> int:
    loaded = {operation.content["entry"] for operation in known if operation.kind == "load"}
    return sum(
        entry.entry_id not in loaded
        for institution, source in archive.sources()
        if source != JOURNAL_SOURCE
        for entry in archive.ledger(institution, source)
    )


def _swap(warehouse: Path, beside: Path) -> Path:
    """The new file in place of the old, which first gets another name: there always is a warehouse."""
    before = warehouse.with_name(f"{warehouse.name}.before")
    linked = warehouse.with_name(f".{before.name}")
    linked.unlink(missing_ok=True)
    try:
        linked.hardlink_to(warehouse)
    except OSError:
        shutil.copyfile(warehouse, linked)
    linked.replace(before)
    wal, before_wal = (one.with_name(f"{one.name}.wal") for one in (warehouse, before))
    # That of an earlier rebuild is none of this file.
    before_wal.unlink(missing_ok=True)
    if wal.exists():
        # Only of a file that cannot be read; the new one must not take it for its own.
        wal.replace(before_wal)
    move(warehouse, beside)
    return before


def move(warehouse: Path, beside: Path) -> None:
    """Put a whole new file in place of the warehouse, for good."""
    sync(beside)
    beside.replace(warehouse)
    sync(warehouse.parent)


def alone(warehouse: Path) -> AbstractContextManager[None]:
    """Nobody else replaces the warehouse meanwhile. Raises WarehouseBusyError naming who does already."""
    return only_one(warehouse, "rebuilding it or making it compact", wait_seconds=0)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
