"""What a run that was killed left behind: whole records past the last ledger line are kept, the rest is cut.

Each record is a gzip member of its own, which ends in a checksum: so a record that was being written is told
from those before it. Only the holder of the source's lock may do this; a live run writes past the last line.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from warcio.exceptions import ArchiveLoadFailed

from collectors.appender import RUN_URI, Appender, digest_from, run_from
from collectors.evidence import Run
from collectors.ledger import Entry, RecordPlace
from collectors.warc_reading import moment, record_in

KILLED = "killed"
"""The class of failure of a run that never ended."""
_DOCUMENTS = ("response", "revisit", "resource")
# Small, for what a little compressed can become at once.
_STEP_BYTES = 16 * 1024


def recover(folder: Path, entries: Sequence[Entry], opener: Run) -> list[Entry]:
    """Vouch for the runs that lie past the last ledger line, and cut off what is no whole record.

    A run whose record was written had ended, and is vouched for as it is; only its ledger line was missing.
    Other documents become a failed run (``killed``) of the source and collector of `opener`, from the time of
    the first document to that of the last. Where not even one document is whole nothing is kept. Stopped on
    its way, it does the rest the next time. Returns all entries, those added included.
    """
    known = list(entries)
    for path in sorted(folder.glob("*.warc.gz")):
        vouched = max((e.offset + e.length for e in known if e.file == path.name), default=0)
        if path.stat().st_size > vouched:
            _recover_file(path, vouched, known, opener)
    return known


def is_left_by_killed(path: Path, start: int) -> bool:
    """Whether all from `start` on is what a killed run leaves: whole records, then the beginning of one."""
    with path.open("rb") as file:
        while (length := _member_length(file, start)) is not None:
            if _record(file, start, length) is None:
                return False
            start += length
        file.seek(start)
        inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
        try:
            while chunk := file.read(_STEP_BYTES):
                inflater.decompress(chunk)
        except zlib.error:
            return False
    return True


def _recover_file(path: Path, start: int, known: list[Entry], opener: Run) -> None:
    ended: list[tuple[Run, list[RecordPlace]]] = []
    places: list[RecordPlace] = []
    moments: list[datetime] = []
    kept_until = start
    with path.open("rb") as file:
        for place, at, run in _whole_records(file, start):
            places.append(place)
            if run is not None:
                ended.append((run, places))
                kept_until = place.offset + place.length
                places, moments = [], []
            elif at is not None:
                moments.append(at)
        if moments:
            kept_until = places[-1].offset + places[-1].length
    if path.stat().st_size > kept_until:
        os.truncate(path, kept_until)
    with path.open("ab") as out:
        for run, of_run in ended:
            known.append(Appender(run, path, out, known, of_run).vouch(opener.started_at))
        if moments:
            killed = _killed(opener, moments)
            known.append(Appender(killed, path, out, known, places).finish(killed, opener.started_at))


def _killed(opener: Run, moments: Sequence[datetime]) -> Run:
    return replace(
        opener,
        run_id=uuid.uuid4().hex,
        # The first document is asked for anew by every run; later ones may be those of a run before.
        started_at=moments[0],
        ended_at=max(moments),
        outcome="failed",
        error=KILLED,
        message=f"the run was stopped before it ended; {len(moments)} documents it had are kept",
    )


def _record(file: BinaryIO, start: int, length: int) -> Any | None:
    """The record in a whole gzip member; None where the member holds none."""
    try:
        return record_in(file, start, length)
    except ArchiveLoadFailed:
        return None


def _whole_records(file: BinaryIO, start: int) -> Iterator[tuple[RecordPlace, datetime | None, Run | None]]:
    """Each record up to the first that is not whole: its place, its time if a document, its run if that."""
    while (length := _member_length(file, start)) is not None:
        record = _record(file, start, length)
        if record is None:
            return
        head = record.rec_headers
        named = {name: head.get_header(f"WARC-{name}") or "" for name in ("Record-ID", "Target-URI")}
        digest = head.get_header("WARC-Payload-Digest") or ""
        place = RecordPlace(named["Record-ID"], record.rec_type, named["Target-URI"], digest, start, length)
        if place.url.startswith(RUN_URI):
            yield place, None, run_from(json.loads(record.content_stream().read()))
        elif record.rec_type in _DOCUMENTS:
            if (
                record.rec_type != "revisit"
                and digest != f"sha256:{digest_from(record.raw_stream, sys.maxsize)}"
            ):
                return
            yield place, moment(record), None
        else:
            yield place, None, None
        start += length


def _member_length(file: BinaryIO, start: int) -> int | None:
    """How many bytes the gzip member there takes, or None where none is whole and undamaged."""
    file.seek(start)
    inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
    taken = 0
    while not inflater.eof:
        chunk = file.read(_STEP_BYTES)
        if not chunk:
            return None
        taken += len(chunk)
        try:
            inflater.decompress(chunk)
        except zlib.error:
            return None
    return taken - len(inflater.unused_data)
