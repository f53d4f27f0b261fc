"""The archive: WARC files and a hash-chained ledger per source. The archive is the truth.

`archive/<institution>/<source>/<day>.warc.gz` grows by whole gzip members (WARC 1.1, ISO 28500:2017), one per
record. A run appends its records, fsyncs, then appends one line to `ledger.jsonl`. Each line holds the file,
offset, length and SHA-256 of the range it vouches for, where each record lies in it, and the hash of the line
before. What a killed run left past the last line is vouched for when the source is next opened, as a failed
run, as far as its records are whole; the rest is a torn write and is cut off (`recovery`). One ledger per
source, so that workers on different sources never contend.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from collectors import ledger
from collectors.appender import RUN_URI, Appender, digest_from, run_from
from collectors.evidence import Capture, Run
from collectors.ledger import LEDGER, ArchiveError, Entry, Ledger, RecordPlace
from collectors.recovery import recover
from collectors.warc_reading import decoded_at, first_bytes, is_confirmed, record_at

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""A larger document is read from the file whenever it is opened."""
_LOCK_SECONDS = 60.0


class ArchiveBusyError(ArchiveError):
    """Another process is collecting the same source."""


class Archive:
    """All captures below one folder. May be shared by threads that are at different sources."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ledgers: dict[tuple[str, str], Ledger] = {}

    def folder(self, institution: str, source: str) -> Path:
        """The folder of one source."""
        return self.root / institution / source

    def sources(self) -> list[tuple[str, str]]:
        """(institution, source) pairs that have a ledger, in order."""
        return sorted((path.parent.parent.name, path.parent.name) for path in self.root.glob(f"*/*/{LEDGER}"))

    def ledger(self, institution: str, source: str) -> list[Entry]:
        """Every finished run of a source, oldest first.

        Raises ArchiveError at the first line that does not follow from the one before.
        """
        return list(self._ledger(institution, source).entries())

    def path(self, entry: Entry) -> Path:
        """The WARC file that an entry lies in."""
        return self.folder(entry.institution, entry.source) / entry.file

    @contextmanager
    def appending(self, run: Run) -> Iterator[Appender]:
        """Open one source for one run. Nothing is vouched for until `Appender.finish` has returned.

        Raises ArchiveBusyError when another process holds the source for more than a minute.
        """
        with self._opened(run) as entries:
            path = self.folder(run.institution, run.source) / f"{run.started_at:%Y-%m-%d}.warc.gz"
            with path.open("ab") as out:
                yield Appender(run, path, out, entries)

    def recover(self, run: Run) -> None:
        """Vouch for what a killed run left, as `appending` does, but before the archive is asked for it.

        A run that is alive holds the source; see `appending` for what is raised.
        """
        with self._opened(run):
            pass

    @contextmanager
    def _opened(self, run: Run) -> Iterator[list[Entry]]:
        folder = self.folder(run.institution, run.source)
        folder.mkdir(parents=True, exist_ok=True)
        # The system frees the lock of a process that died, however it died.
        with _locked(folder / ".lock"):
            ledger.cut_torn(folder / LEDGER)
            yield recover(folder, self.ledger(run.institution, run.source), run)

    def read(self, entry: Entry) -> tuple[Run, tuple[Capture, ...]]:
        """The run and its captures, payloads decoded.

        Raises ArchiveError when the bytes are not those the ledger vouches for.
        """
        self._check_range(entry)
        run: Run | None = None
        captures: list[Capture] = []
        for place in entry.records:
            if place.type not in ("resource", "response", "revisit"):
                continue
            with record_at(self.path(entry), place) as record:
                if place.url.startswith(RUN_URI):
                    run = run_from(json.loads(record.content_stream().read()))
                else:
                    captures.append(self._capture(entry, place, record))
        if run is None:
            raise ArchiveError(
                f"{self.path(entry)}: entry {entry.seq} holds no run record; restore it from a backup"
            )
        return run, tuple(captures)

    def original(self, entry: Entry, revisit: Any) -> tuple[Entry, RecordPlace]:
        """The entry and place of the record that a revisit in `entry` refers to.

        Raises ArchiveError where there is none.
        """
        wanted = revisit.rec_headers.get_header("WARC-Refers-To")
        found = self._ledger(entry.institution, entry.source).place(wanted)
        if found is None or found[0].seq > entry.seq:
            raise ArchiveError(
                f"{self.path(entry)}: revisit of {wanted}, which no ledger line lists; "
                "restore it from a backup"
            )
        return found

    def _ledger(self, institution: str, source: str) -> Ledger:
        at = (institution, source)
        if at not in self._ledgers:
            self._ledgers[at] = Ledger(self.folder(institution, source) / LEDGER)
        return self._ledgers[at]

    def _check_range(self, entry: Entry) -> None:
        path = self.path(entry)
        end = entry.offset
        for place in entry.records:
            if place.offset != end:
                break
            end += place.length
        if end != entry.offset + entry.length:
            raise ArchiveError(
                f"{path}: entry {entry.seq} holds bytes that are in no record its ledger line lists; "
                "restore it from a backup"
            )
        try:
            with path.open("rb") as file:
                file.seek(entry.offset)
                found = digest_from(file, entry.length)
        except OSError as error:
            raise ArchiveError(
                f"{path}: cannot be read ({error.strerror}); restore it from a backup"
            ) from error
        if found != entry.sha256:
            raise ArchiveError(
                f"{path}: bytes {entry.offset}..{entry.offset + entry.length} are not those that ledger line "
                f"{entry.seq + 1} vouches for; restore the file from a backup"
            )

    def _capture(self, entry: Entry, place: RecordPlace, record: Any) -> Capture:
        head = record.rec_headers
        if record.rec_type == "revisit":
            earlier, payload = self.original(entry, record)
            where = self.path(earlier)
            with record_at(where, payload) as original:
                content = _content(original, where, payload)
            if is_confirmed(record):
                # What the server confirmed is the earlier answer, not that its 304 is a document.
                record = original
        else:
            content = _content(record, self.path(entry), place)
        is_http = record.http_headers is not None
        return Capture(
            capture_id=place.id,
            url=head.get_header("WARC-Target-URI"),
            captured_at=datetime.fromisoformat(head.get_header("WARC-Date")),
            status=int(record.http_headers.get_statuscode()) if is_http else None,
            headers=tuple(record.http_headers.headers)
            if is_http
            else (("Content-Type", head.get_header("Content-Type")),),
            digest=head.get_header("WARC-Payload-Digest"),
            content=content,
        )


def _content(record: Any, path: Path, place: RecordPlace) -> bytes | Callable[[], BinaryIO]:
    found = first_bytes(record, IN_MEMORY_BYTES + 1)
    # A damaged one says so to whoever reads it.
    return partial(decoded_at, path, place) if found is None or len(found) > IN_MEMORY_BYTES else found


def new_run_id() -> str:
    """An identifier for one run of one source."""
    return uuid.uuid4().hex


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a+") as handle:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    handle.seek(0)
                    raise ArchiveBusyError(
                        f"{path.parent}: process {handle.read().strip() or 'unknown'} is collecting "
                        "this source; wait for it to end or stop it"
                    ) from None
                time.sleep(0.1)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
