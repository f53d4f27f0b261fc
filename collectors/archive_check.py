"""Does an archive hold what its ledgers vouch for: every line, range, record and digest of a source."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.limitreader import LimitReader

from collectors.appender import digest_from
from collectors.archive import Archive
from collectors.bodies import CHUNK_BYTES
from collectors.ledger import LEDGER, LINE_BEGINS, ArchiveError, Entry, RecordPlace
from collectors.recovery import is_left_by_killed

RESTORE = "restore it from a backup"


@dataclass(frozen=True)
class CheckedSource:
    """What was found of one source: its entries and their bytes, and the first broken link, if any.

    `left` says what a run that was killed left past the last line: no fault, the next run keeps or cuts it.
    """

    institution: str
    source: str
    entries: int
    size: int
    broken: str | None
    left: tuple[str, ...]


def check_source(archive: Archive, institution: str, source: str) -> CheckedSource:
    """Read everything of a source once, a little at a time."""
    entries: list[Entry] = []
    size = 0
    left: tuple[str, ...] = ()
    try:
        entries = archive.ledger(institution, source)
        for entry in entries:
            size += _check_entry(archive, institution, source, entry)
        left = _check_ends(archive, institution, source)
    except ArchiveError as error:
        return CheckedSource(institution, source, len(entries), size, str(error), ())
    return CheckedSource(institution, source, len(entries), size, None, left)


def _check_entry(archive: Archive, institution: str, source: str, entry: Entry) -> int:
    folder = archive.folder(institution, source)
    line = f"{folder / LEDGER}, line {entry.seq + 1}"
    if (entry.institution, entry.source) != (institution, source):
        raise ArchiveError(f"{line}: is of {entry.institution}/{entry.source}, not of this folder; {RESTORE}")
    path = folder / entry.file
    end = entry.offset
    for place in entry.records:
        if place.offset != end:
            break
        end += place.length
    if end != entry.offset + entry.length:
        raise ArchiveError(f"{line}: vouches for bytes that are in no record it lists; {RESTORE}")
    try:
        with path.open("rb") as file:
            if (size := file.seek(0, os.SEEK_END)) < end:
                raise ArchiveError(
                    f"{path}: ends at byte {size}, should reach byte {end} ({LEDGER} line {entry.seq + 1}); "
                    f"{RESTORE}"
                )
            file.seek(entry.offset)
            whole = digest_from(file, entry.length)
            for place in entry.records:
                _check_record(archive, path, file, entry, place)
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror}); {RESTORE}") from error
    if whole != entry.sha256:
        raise ArchiveError(
            f"{path}, bytes {entry.offset} to {entry.offset + entry.length}: SHA-256 should be "
            f"{entry.sha256}, is {whole} ({LEDGER} line {entry.seq + 1}); {RESTORE}"
        )
    return entry.length


def _check_record(archive: Archive, path: Path, file: Any, entry: Entry, place: RecordPlace) -> None:
    named = f"{place.type} {place.url}".strip()
    where = f"{path}, byte {place.offset} ({named}, {LEDGER} line {entry.seq + 1})"
    file.seek(place.offset)
    try:
        record = next(iter(ArchiveIterator(LimitReader(file, place.length), check_digests=True)), None)
        if record is None:
            raise ArchiveError(f"{where}: holds no record; {RESTORE}")
        while record.raw_stream.read(CHUNK_BYTES):
            pass
    except ArchiveError:
        raise
    except Exception as error:
        # zlib, warcio and codecs each have errors of their own for bytes that are no record.
        raise ArchiveError(f"{where}: is no whole record ({error}); {RESTORE}") from error
    head = record.rec_headers
    stated = {
        "WARC-Record-ID": place.id,
        "WARC-Type": place.type,
        "WARC-Target-URI": place.url,
        "WARC-Payload-Digest": place.digest,
    }
    for name, expected in stated.items():
        found = head.get_header(name) or ""
        if found != expected:
            raise ArchiveError(f"{where}: {name} should be {expected!r}, is {found!r}; {RESTORE}")
    if record.digest_checker.passed is False:
        problems = "; ".join(record.digest_checker.problems)
        raise ArchiveError(f"{where}: a digest is not that of its bytes ({problems}); {RESTORE}")
    if place.type == "revisit":
        earlier, original = archive.original(entry, record)
        if original.digest != place.digest:
            raise ArchiveError(
                f"{where}: stands for a payload {place.digest}, but line {earlier.seq + 1} has "
                f"{original.digest}; {RESTORE}"
            )


def _check_ends(archive: Archive, institution: str, source: str) -> tuple[str, ...]:
    """Is every byte vouched for, but for what a killed run leaves; what it left is returned."""
    folder = archive.folder(institution, source)
    with _nobody_collecting(folder) as is_quiet:
        # As it is now: a run may have ended since it was read.
        vouched: dict[str, int] = {}
        for entry in archive.ledger(institution, source):
            if entry.offset != vouched.get(entry.file, 0):
                raise ArchiveError(
                    f"{folder / entry.file}: no ledger line vouches for bytes "
                    f"{vouched.get(entry.file, 0)} to {entry.offset}; {RESTORE}"
                )
            vouched[entry.file] = entry.offset + entry.length
        if not is_quiet:
            return ()
        left = []
        for path in sorted(folder.glob("*.warc.gz")):
            end = vouched.get(path.name, 0)
            surplus = path.stat().st_size - end
            if surplus > 0 and not is_left_by_killed(path, end):
                raise ArchiveError(
                    f"{path}: {surplus} bytes from byte {end} on were added; no ledger line vouches for "
                    "them, and no run that was killed leaves such; pantau collect cuts them off"
                )
            if surplus > 0:
                left.append(f"{path}: {surplus} bytes from byte {end} on")
        torn = (folder / LEDGER).read_bytes().rpartition(b"\n")[2]
        if torn[: len(LINE_BEGINS)] != LINE_BEGINS[: len(torn)]:
            raise ArchiveError(
                f"{folder / LEDGER}: {len(torn)} bytes were added after the last line, and are no beginning "
                "of one; pantau collect cuts them off"
            )
        if torn:
            left.append(f"{folder / LEDGER}: {len(torn)} bytes after the last line")
        return tuple(left)


@contextmanager
def _nobody_collecting(folder: Path) -> Iterator[bool]:
    """Whether nobody is collecting the source, and nobody begins to meanwhile."""
    lock = folder / ".lock"
    if not lock.exists():
        # A copy of an archive, say; there is nobody to wait for.
        yield True
        return
    with lock.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
