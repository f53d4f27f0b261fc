"""The journal of operations in the archive: what makes the warehouse a pure function of the archive.

`archive/<institution>/operasi/` is a source like any other, with WARC files and a ledger; its documents are
lines of JSON, one an operation. Operations are committed in the warehouse first and copied from there, so a
crash in between leaves them for the next time, and the journal never holds what was not done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import duckdb

from collectors.archive import Archive, new_run_id
from collectors.evidence import Fetched, Run
from collectors.institution import JOURNAL_SOURCE
from collectors.ledger import Entry
from warehouse.connection import Home, append, writing
from warehouse.errors import WarehouseError
from warehouse.operations import Operation, from_line, operations, to_line

DUE_AFTER = timedelta(hours=1)
"""Stages that run every few minutes leave their operations together until one is this old."""
_TYPE = (("Content-Type", "application/x-ndjson"),)


def write_journal(
    archive: Archive,
    warehouse: Home,
    *,
    now: datetime,
    is_due: bool = True,
    institutions: Collection[str] | None = None,
) -> int:
    """Copy the operations that the journal lacks into the archive; how many they were is returned.

    Of these `institutions`, or of all.

    Unless `is_due`, only where one of them is older than DUE_AFTER. Raises as `Archive.appending` and
    `writing` do, and WarehouseError where the journal holds other operations in their place.
    """
    written = 0
    with writing(warehouse, now, institutions=institutions) as connection:
        lacking: dict[str, list[Operation]] = {}
        for operation in operations(connection, not_in_journal=True, institutions=institutions):
            lacking.setdefault(operation.institution, []).append(operation)
        for name, done in lacking.items():
            if is_due or now - done[0].at >= DUE_AFTER:
                written += _append(connection, archive, name, done, now)
    return written


def read_journal(archive: Archive) -> list[Operation]:
    """Every operation in the archive, per institution in order.

    Raises ArchiveError where the archive contradicts itself.
    """
    found: list[Operation] = []
    for institution, source in archive.sources():
        if source == JOURNAL_SOURCE:
            known: dict[int, Operation] = {}
            for entry in archive.ledger(institution, source):
                known |= {operation.seq: operation for operation in _read(archive, entry)}
            found += [known[seq] for seq in sorted(known)]
    return found


def _append(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    institution: str,
    done: Sequence[Operation],
    now: datetime,
) -> int:
    run = Run(new_run_id(), institution, JOURNAL_SOURCE, "operations", now, now, "ok")
    fresh = _fresh(archive, institution, done)
    if fresh:
        with archive.appending(run) as appender:
            # Opening it may have brought back what a run that was killed had written.
            fresh = _fresh(archive, institution, done)
            body = "".join(to_line(operation) + "\n" for operation in fresh).encode()
            appender.add(Fetched(f"urn:pantau:operations:{institution}", now, None, "", _TYPE, body))
            appender.finish(run, now)
    last = max(operation.seq for operation in done)
    _note(connection, institution, archive.ledger(institution, JOURNAL_SOURCE), last)
    return len(fresh)


def _fresh(archive: Archive, institution: str, done: Sequence[Operation]) -> list[Operation]:
    """Those that the journal does not hold: a crash may have come between copying and noting it.

    Raises WarehouseError where it holds others in their place: they are of a warehouse that was lost since.
    """
    held: dict[int, Operation] = {}
    for entry in reversed(archive.ledger(institution, JOURNAL_SOURCE)):
        held |= {operation.seq: operation for operation in _read(archive, entry)}
        if held and min(held) <= done[0].seq:
            break
    last = max(held, default=-1)
    for operation in done:
        if operation.seq <= last and held.get(operation.seq) != operation:
            raise WarehouseError(
                f"{archive.folder(institution, JOURNAL_SOURCE)}: holds another operation {operation.seq} "
                f"than the {operation.kind} of {operation.at:%Y-%m-%d %H:%M}Z in the warehouse, which was "
                "begun anew or put back from a copy; run pantau rebuild: it makes it from the archive"
            )
    return [operation for operation in done if operation.seq > last]


def _note(
    connection: duckdb.DuckDBPyConnection, institution: str, entries: Sequence[Entry], last: int
) -> None:
    """Let the warehouse know the lines of the journal that it does not yet know of."""
    known = connection.execute(
        "SELECT coalesce(max(ledger_seq), -1) FROM ops.journal WHERE institution = $institution",
        {"institution": institution},
    ).fetchone()
    assert known is not None
    append(
        connection,
        "ops.journal",
        [
            {"ledger_seq": entry.seq, "entry_id": entry.entry_id, "last_seq": last}
            for entry in entries
            if entry.seq > known[0]
        ],
        institution=institution,
    )


def _read(archive: Archive, entry: Entry) -> list[Operation]:
    where = f"{archive.path(entry)}, ledger line {entry.seq + 1}"
    _, captures = archive.read(entry)
    return [
        from_line(entry.institution, line, where)
        for capture in captures
        for line in capture.payload.decode().splitlines()
    ]
