"""Is every row what the archive makes it: the chain from captured bytes to the index, link by link.

The archive is read whole; then all operations are repeated in a scratch warehouse, and each table compared
row for row: so a level that does not follow from its findings, or a finding that does not follow from the
evidence, is a row that differs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from collectors.archive import Archive
from collectors.archive_check import RESTORE, check_source
from collectors.institution import JOURNAL_SOURCE
from collectors.ledger import LEDGER
from warehouse.compare import differences
from warehouse.connection import Home, copying, exists, require_current_schema, scratch_folder
from warehouse.errors import WarehouseError
from warehouse.journal import read_journal
from warehouse.operations import Operation, operations
from warehouse.publication import digest_of, published_digests, publishing
from warehouse.replay import Progress, Replay, ReplayError, keep_old_scores

REBUILD = "pantau rebuild makes it anew from the archive (so does a program that reads better than it did)"


@dataclass(frozen=True)
class Verified:
    """What was looked at; `broken` has the first broken link of each chain, none where all is well.

    `size` is in bytes. `left` is what killed runs left, no fault. `pending` is how many ledger entries wait
    for a load. `repeated` is how many operations gave the same rows again; None where that was not tried:
    the archive is broken, or there is no warehouse. `taken` are scores by rules that this program no longer
    has: they cannot be repeated, and were compared with nothing.
    """

    sources: int
    entries: int
    size: int
    left: tuple[str, ...]
    pending: int
    repeated: int | None
    taken: int
    broken: tuple[str, ...]


def verify(
    archive: Archive,
    warehouse: Home,
    published: Path,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> Verified:
    """Check the archive, the warehouse against it, and the published files; nothing is changed.

    Raises WarehouseBusyError when the warehouse stays held, WarehouseError when it cannot be read, is not of
    this program's schema, or there is neither archive nor warehouse.
    """
    names = archive.sources()
    if not names and not exists(warehouse):
        raise WarehouseError(
            f"{archive.root}: there is no archive, and no warehouse; is it the right folder?"
        )
    checked = []
    for number, (institution, source) in enumerate(names, start=1):
        checked.append(check_source(archive, institution, source))
        if progress:
            progress(number, len(names), f"{institution}/{source}")
    broken = [source.broken for source in checked if source.broken]
    damaged = {(source.institution, source.source) for source in checked if source.broken}
    pending, repeated, taken = 0, None, 0
    if exists(warehouse):
        with copying(warehouse) as connection:
            require_current_schema(connection, warehouse)
            pending, lost = _anchored(connection, archive, damaged)
        broken += lost
        if not broken:
            repeated, taken, different = _repeated(archive, warehouse, now, progress)
            broken += different
        broken += _published(warehouse, published)
    left = tuple(what for source in checked for what in source.left)
    entries, size = sum(source.entries for source in checked), sum(source.size for source in checked)
    return Verified(len(checked), entries, size, left, pending, repeated, taken, tuple(broken))


def _anchored(
    connection: duckdb.DuckDBPyConnection, archive: Archive, damaged: Set[tuple[str, str]]
) -> tuple[int, list[str]]:
    """How many entries are pending, and lines that the warehouse has seen and the ledgers no longer hold.

    No chain can show its own lost end.
    """
    ledgers = {at: archive.ledger(*at) for at in archive.sources() if at not in damaged}
    rows = connection.execute(
        "SELECT institution, source, ledger_seq, entry_id FROM ops.load UNION ALL "
        "SELECT institution, $journal, ledger_seq, entry_id FROM ops.journal ORDER BY ALL",
        {"journal": JOURNAL_SOURCE},
    ).fetchall()
    lost: dict[tuple[str, str], str] = {}
    for institution, source, seq, entry_id in rows:
        at = (institution, source)
        if at in lost or at in damaged:
            continue
        entries = ledgers.get(at, [])
        if seq < len(entries) and entries[seq].entry_id == entry_id:
            continue
        if at not in ledgers:
            what = "the ledger is gone"
        elif seq >= len(entries):
            what = f"is gone, the ledger ends with line {len(entries)}"
        else:
            what = f"was changed, its SHA-256 is {entries[seq].entry_id}"
        where = f"{archive.folder(institution, source) / LEDGER}, line {seq + 1}"
        lost[at] = f"{where}: {what}; the warehouse has seen {entry_id} there; {RESTORE}"
    seen = {row[3] for row in rows}
    pending = sum(
        entry.entry_id not in seen
        for (_, source), entries in ledgers.items()
        if source != JOURNAL_SOURCE
        for entry in entries
    )
    return pending, list(lost.values())


def _published(warehouse: Home, published: Path) -> list[str]:
    broken = []
    # First this lock, then the warehouse, as who publishes does.
    with publishing(published):
        with copying(warehouse) as connection:
            digests = published_digests(connection)
        for name, digest in digests.items():
            path = published.with_name(name)
            found = f"its SHA-256 is {digest_of(path)}" if path.exists() else "it is gone"
            if not found.endswith(digest):
                broken.append(
                    f"{path}: {found}, it was published with {digest}; pantau publish makes it anew"
                )
    return broken


def _repeated(
    archive: Archive, warehouse: Home, now: datetime, progress: Progress | None
) -> tuple[int | None, int, list[str]]:
    """Number of operations repeated, of scores taken over, and the tables that came out differently."""
    with copying(warehouse) as connection:
        changed = _changed_operation(read_journal(archive), operations(connection))
    if changed:
        return None, 0, [f"{warehouse}, ops.operation: {changed}; {REBUILD}"]
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=scratch_folder(warehouse)) as folder:
        scratch, kept = Path(folder) / "scratch.duckdb", Path(folder) / "kept.duckdb"
        replay = Replay(archive, scratch, kept if keep_old_scores(warehouse, kept) else None)
        done: list[Operation] = []
        replay.finish(done, now)
        while True:
            with copying(warehouse) as connection:
                known = operations(connection)
                if len(known) == len(done):
                    found = _differences(connection, warehouse, scratch)
                    return len(done), replay.done.kept, found
            # At first all; then what was written meanwhile.
            repeated = {(one.institution, one.seq) for one in done}
            try:
                replay.repeat([one for one in known if (one.institution, one.seq) not in repeated], progress)
            except ReplayError as error:
                return None, 0, [f"{warehouse}, ops.operation: {error}"]
            replay.finish(known, now)
            done = known


def _changed_operation(noted: Sequence[Operation], known: Sequence[Operation]) -> str | None:
    found = {(one.institution, one.seq): one for one in known}
    for one in noted:
        if found.get((one.institution, one.seq)) != one:
            return (
                f"row institution {one.institution}, seq {one.seq}: should be the {one.kind} of "
                f"{one.at.isoformat()} that the archive holds"
            )
    return None


def _differences(connection: duckdb.DuckDBPyConnection, warehouse: Home, scratch: Path) -> list[str]:
    quoted = str(scratch).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS scratch (READ_ONLY)")
    return [
        f"{warehouse}, {one.table}: {one.missing} rows are missing, {one.surplus} should not be there; "
        f"the first: {one.first}; {REBUILD}"
        for one in differences(connection, "scratch", "warehouse")
    ]
