"""The ledger of one source: one line per finished run, each holding the hash of the line before.

A line vouches for a range of bytes in a WARC file. A line that was changed, removed or put in makes the next
one fail to follow.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

LEDGER = "ledger.jsonl"
GENESIS = "0" * 64
LINE_BEGINS = b'{"file":"'
"""How each line begins: its keys are sorted."""


class ArchiveError(Exception):
    """The archive contradicts itself; the message names file, line and what was expected."""


@dataclass(frozen=True)
class RecordPlace:
    """Where one WARC record lies in the file of its entry (offsets and lengths in bytes, compressed)."""

    id: str
    type: str
    url: str
    digest: str
    offset: int
    length: int


@dataclass(frozen=True)
class Entry:
    """One line of a ledger: one finished run of one source. `entry_id` is the SHA-256 of the line."""

    entry_id: str
    seq: int
    institution: str
    source: str
    run_id: str
    file: str
    offset: int
    length: int
    sha256: str
    recorded_at: datetime
    previous: str
    records: tuple[RecordPlace, ...]


class Ledger:
    """One ledger file, read when it is asked for and then only when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()
        self._places: dict[str, tuple[Entry, RecordPlace]] = {}

    def entries(self) -> tuple[Entry, ...]:
        """Every entry, oldest first. Raises ArchiveError at the first line that does not follow."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return ()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if stamp != self._stamp:
            lines = self._path.read_bytes().split(b"\n")
            # A line without its newline was never finished: it vouches for nothing.
            self._entries = tuple(_chain(self._path, lines[:-1]))
            self._places = {place.id: (entry, place) for entry in self._entries for place in entry.records}
            self._stamp = stamp
        return self._entries

    def place(self, record_id: str) -> tuple[Entry, RecordPlace] | None:
        """The entry and place of a record, or None where no line lists it."""
        self.entries()
        return self._places.get(record_id)


def append_line(
    path: Path,
    entries: Sequence[Entry],
    *,
    institution: str,
    source: str,
    run_id: str,
    file: str,
    offset: int,
    length: int,
    sha256: str,
    recorded_at: datetime,
    records: Sequence[RecordPlace],
) -> Entry:
    """Add the line that follows `entries`, durably, and return its entry."""
    line = {
        "seq": len(entries),
        "institution": institution,
        "source": source,
        "run_id": run_id,
        "file": file,
        "offset": offset,
        "length": length,
        "sha256": sha256,
        "recorded_at": recorded_at.isoformat(),
        "previous": entries[-1].entry_id if entries else GENESIS,
        "records": [asdict(place) for place in records],
    }
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    with path.open("ab") as out:
        out.write(text + b"\n")
        out.flush()
        os.fsync(out.fileno())
    _fsync_folder(path.parent)
    return _entry(line, text)


def cut_torn(path: Path) -> None:
    """Cut off a last line that was never finished."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _chain(path: Path, lines: list[bytes]) -> list[Entry]:
    entries: list[Entry] = []
    previous = GENESIS
    for number, text in enumerate(lines, start=1):
        try:
            line = json.loads(text)
            entry = _entry(line, text)
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(
                f"{path}, line {number}: not a ledger line ({error}); restore it from a backup"
            ) from error
        if entry.previous != previous or entry.seq != number - 1:
            raise ArchiveError(
                f"{path}, line {number}: does not follow from the line before it "
                f"(expected previous {previous[:12]}, found {entry.previous[:12]}); "
                "a line was changed or removed"
            )
        previous = entry.entry_id
        entries.append(entry)
    return entries


def _entry(line: Mapping[str, Any], text: bytes) -> Entry:
    return Entry(
        entry_id=hashlib.sha256(text).hexdigest(),
        recorded_at=datetime.fromisoformat(line["recorded_at"]),
        records=tuple(RecordPlace(**place) for place in line["records"]),
        **{
            name: line[name]
            for name in (
                "seq",
                "institution",
                "source",
                "run_id",
                "file",
                "offset",
                "length",
                "sha256",
                "previous",
            )
        },
    )


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
