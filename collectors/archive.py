"""The archive: WARC files and a hash-chained ledger per source. The archive is the truth.

`archive/<institution>/<source>/<day>.warc.gz` grows by whole gzip members (WARC 1.1, ISO 28500:2017), one per
record. A run appends its records, fsyncs, then appends one line to `ledger.jsonl`. Each line holds the file,
offset, length and SHA-256 of the range it vouches for, where each record lies in it, and the hash of the line
before. Bytes past the last line are a torn write and are cut off when the source is next opened. One ledger
per source, so that workers on different sources never contend.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.limitreader import LimitReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from collectors import ledger
from collectors.evidence import Capture, Confirmable, Fetched, Run
from collectors.ledger import LEDGER, ArchiveError, Entry, RecordPlace

MAX_DECODED_BYTES = 1024 * 1024 * 1024
IN_MEMORY_BYTES = 4 * 1024 * 1024
"""A larger document is read from the file whenever it is opened."""
_CHUNK_BYTES = 256 * 1024
_RUN_URI = "urn:pantau:run:"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_RUNS_LOOKED_BACK = 5
_LOCK_SECONDS = 60.0


class ArchiveBusyError(ArchiveError):
    """Another process is collecting the same source."""


class _Sha256:
    """warcio's digester interface with hexadecimal SHA-256, as sha256sum prints it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, chunk: bytes) -> None:
        self._hash.update(chunk)

    def __str__(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


class _Writer(WARCWriter):  # type: ignore[misc]
    @staticmethod
    def _create_digester() -> _Sha256:
        return _Sha256()


class Archive:
    """All captures below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

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
        return ledger.read(self.folder(institution, source) / LEDGER)

    @contextmanager
    def appending(self, run: Run) -> Iterator[Appender]:
        """Open one source for one run. Nothing is vouched for until `Appender.finish` has returned.

        Raises ArchiveBusyError when another process holds the source for more than a minute.
        """
        folder = self.folder(run.institution, run.source)
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / ".lock"):
            ledger.cut_torn(folder / LEDGER)
            entries = self.ledger(run.institution, run.source)
            path = folder / f"{run.started_at:%Y-%m-%d}.warc.gz"
            _cut_torn_bytes(path, entries)
            with path.open("ab") as out:
                yield Appender(run, path, out, entries)

    def read(self, entry: Entry) -> tuple[Run, tuple[Capture, ...]]:
        """The run and its captures, payloads decoded.

        Raises ArchiveError when the bytes are not those the ledger vouches for.
        """
        places = {place.id: place for place in entry.records}
        run: Run | None = None
        captures: list[Capture] = []
        self._check_range(entry)
        with self._path(entry).open("rb") as file:
            file.seek(entry.offset)
            for record in ArchiveIterator(LimitReader(file, entry.length)):
                head = record.rec_headers
                uri = head.get_header("WARC-Target-URI")
                if record.rec_type == "resource" and uri.startswith(_RUN_URI):
                    run = _run_from(json.loads(record.content_stream().read()))
                elif record.rec_type in ("resource", "response", "revisit"):
                    place = places.get(head.get_header("WARC-Record-ID"))
                    if place is None:
                        raise ArchiveError(
                            f"{self._path(entry)}: entry {entry.seq} holds a record "
                            "its ledger line does not list"
                        )
                    captures.append(self._capture(entry, place, record))
        if run is None:
            raise ArchiveError(
                f"{self._path(entry)}: entry {entry.seq} holds no run record; restore it from a backup"
            )
        return run, tuple(captures)

    def _path(self, entry: Entry) -> Path:
        return self.folder(entry.institution, entry.source) / entry.file

    def _check_range(self, entry: Entry) -> None:
        path = self._path(entry)
        try:
            with path.open("rb") as file:
                found = _digest_from(file, entry.offset, entry.length)
        except OSError as error:
            raise ArchiveError(
                f"{path}: cannot be read ({error.strerror}); restore it from a backup"
            ) from error
        if found != entry.sha256:
            raise ArchiveError(
                f"{path}: bytes {entry.offset}..{entry.offset + entry.length} are not those that ledger line "
                f"{entry.seq + 1} vouches for; restore the file from a backup"
            )

    def confirmable(self, institution: str, source: str, *, since: datetime) -> dict[str, Confirmable]:
        """What a server may be asked to confirm, by address: the answers 200 of the last run that went well.

        Only those that name an ETag or a time of change, and whose bytes came over the wire after `since`: a
        server's word is not taken for ever. Raises ArchiveError when the archive contradicts itself.
        """
        entries = self.ledger(institution, source)
        found: dict[str, Confirmable] = {}
        for entry in reversed(entries[-_RUNS_LOOKED_BACK:]):
            run, _ = self.read(entry)
            if run.outcome != "ok":
                continue
            for place in entry.records:
                if place.type not in ("response", "revisit"):
                    continue
                record = self._record(entry, place)
                if record.rec_headers.get_header("WARC-Profile") == _NOT_MODIFIED:
                    record = self._original(entry, record)
                one = self._confirmable(entry, place, record)
                if one is not None and _moment(record) >= since:
                    found[place.url] = one
            break
        return found

    def unfinished(
        self, institution: str, source: str, *, since: datetime
    ) -> dict[str, Callable[[], Fetched]]:
        """The answers 200 of the last run that came after `since`, where that run failed; by address.

        Raises ArchiveError when the archive contradicts itself.
        """
        entries = self.ledger(institution, source)
        if not entries:
            return {}
        run, captures = self.read(entries[-1])
        if run.outcome != "failed":
            return {}
        # By their own age: a run that went on from a failed one may have failed too.
        good = {c.capture_id for c in captures if c.status == 200 and c.captured_at >= since}
        places = [place for place in entries[-1].records if place.id in good]
        return {place.url: partial(self._answer, entries[-1], place) for place in places}

    def _answer(self, entry: Entry, place: RecordPlace) -> Fetched:
        kept = self._record(entry, place)
        original = kept if kept.rec_type == "response" else self._original(entry, kept)
        is_confirmed = kept.rec_headers.get_header("WARC-Profile") == _NOT_MODIFIED
        headers = tuple((original if is_confirmed else kept).http_headers.headers)
        return Fetched(place.url, _moment(kept), 200, "OK", headers, original.raw_stream.read())

    def _confirmable(self, entry: Entry, place: RecordPlace, record: Any) -> Confirmable | None:
        headers = tuple(record.http_headers.headers)
        named = {name.lower(): value for name, value in headers}
        asked = {"If-None-Match": named.get("etag"), "If-Modified-Since": named.get("last-modified")}
        ask_with = {name: value for name, value in asked.items() if value}
        if record.http_headers.get_statuscode() != "200" or not ask_with:
            return None

        return Confirmable(ask_with, partial(self._answer, entry, place))

    def _record(self, entry: Entry, place: RecordPlace) -> Any:
        with self._path(entry).open("rb") as file:
            file.seek(place.offset)
            return next(iter(ArchiveIterator(io.BytesIO(file.read(place.length)))))

    def _capture(self, entry: Entry, place: RecordPlace, record: Any) -> Capture:
        head = record.rec_headers
        at, original = (entry, place), record
        if record.rec_type == "revisit":
            at = self._where(entry, record)
            original = self._record(*at)
        found: bytes = original.content_stream().read(IN_MEMORY_BYTES + 1)
        is_large = len(found) > IN_MEMORY_BYTES
        if head.get_header("WARC-Profile") == _NOT_MODIFIED:
            # What the server confirmed is the earlier answer, not that its 304 is a document.
            record = original
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
            content=partial(_opened, self._path(at[0]), at[1]) if is_large else found,
        )

    def _original(self, entry: Entry, record: Any) -> Any:
        return self._record(*self._where(entry, record))

    def _where(self, entry: Entry, record: Any) -> tuple[Entry, RecordPlace]:
        """The entry and place of the record that a revisit refers to."""
        wanted = record.rec_headers.get_header("WARC-Refers-To")
        for earlier in reversed(self.ledger(entry.institution, entry.source)[: entry.seq + 1]):
            for place in earlier.records:
                if place.id == wanted:
                    return earlier, place
        raise ArchiveError(
            f"{self._path(entry)}: revisit of {wanted}, which no ledger line lists; restore it from a backup"
        )


class Appender:
    """Writes the records of one run at the end of the day's WARC file."""

    def __init__(self, run: Run, path: Path, out: IO[bytes], entries: list[Entry]) -> None:
        self._run = run
        self._path = path
        self._out = out
        self._entries = entries
        self._start = out.tell()
        self._writer = _Writer(out, gzip=True, warc_version="1.1")
        self._places: list[RecordPlace] = []
        self._known = {
            (place.url, place.digest): place
            for entry in entries
            for place in entry.records
            if place.type == "response"
        }
        if self._start == 0:
            info = {"software": "Pantau SPBE", "format": "WARC File Format 1.1", "isPartOf": run.source}
            self._write(self._writer.create_warcinfo_record(path.name, info))

    def add(self, fetched: Fetched) -> str:
        """Write one document; its capture id is returned.

        An HTTP answer becomes a request and a response record, or a revisit when the same address
        gave the same payload before, or its server confirmed that. A dropped file becomes a resource record.
        """
        digest = "sha256:" + hashlib.sha256(fetched.body).hexdigest()
        if fetched.status is None:
            return self._add_resource(fetched, digest)
        head = StatusAndHeaders(
            f"{fetched.status} {fetched.reason}".strip(), list(fetched.headers), "HTTP/1.1"
        )
        if fetched.not_modified is not None:
            head = StatusAndHeaders("304 Not Modified", list(fetched.not_modified), "HTTP/1.1")
        date = _warc_date(fetched.fetched_at)
        known = self._known.get((fetched.url, digest))
        if known is not None:
            record = self._writer.create_revisit_record(
                fetched.url,
                digest,
                known.url,
                date,
                head,
                {"WARC-Record-ID": _record_id(), "WARC-Date": date, "WARC-Refers-To": known.id},
            )
            if fetched.not_modified is not None:
                record.rec_headers.replace_header("WARC-Profile", _NOT_MODIFIED)
        elif fetched.not_modified is not None:
            raise ArchiveError(f"{fetched.url}: a server confirmed an answer that the archive does not hold")
        else:
            record = self._writer.create_warc_record(
                fetched.url,
                "response",
                io.BytesIO(fetched.body),
                len(fetched.body),
                http_headers=head,
                warc_headers_dict={
                    "WARC-Record-ID": _record_id(),
                    "WARC-Date": date,
                    "WARC-Payload-Digest": digest,
                },
            )
        capture_id = str(record.rec_headers.get_header("WARC-Record-ID"))
        place = self._write(record)
        if known is None:
            self._known[(fetched.url, digest)] = place
        self._add_request(fetched, date, capture_id)
        return capture_id

    def finish(self, run: Run, recorded_at: datetime) -> Entry:
        """Write the run record, make the bytes durable, and vouch for them in the ledger."""
        payload = json.dumps(_run_to(run), ensure_ascii=False, sort_keys=True).encode()
        self._write(
            self._writer.create_warc_record(
                _RUN_URI + run.run_id,
                "resource",
                io.BytesIO(payload),
                len(payload),
                warc_content_type="application/json",
                warc_headers_dict={"WARC-Record-ID": _record_id(), "WARC-Date": _warc_date(run.ended_at)},
            )
        )
        self._out.flush()
        os.fsync(self._out.fileno())
        end = self._out.tell()
        with self._path.open("rb") as file:
            digest = _digest_from(file, self._start, end - self._start)
        return ledger.append_line(
            self._path.parent / LEDGER,
            self._entries,
            institution=run.institution,
            source=run.source,
            run_id=run.run_id,
            file=self._path.name,
            offset=self._start,
            length=end - self._start,
            sha256=digest,
            recorded_at=recorded_at,
            records=self._places,
        )

    def _add_resource(self, fetched: Fetched, digest: str) -> str:
        kind = next(
            (v for n, v in fetched.headers if n.lower() == "content-type"), "application/octet-stream"
        )
        record = self._writer.create_warc_record(
            fetched.url,
            "resource",
            io.BytesIO(fetched.body),
            len(fetched.body),
            warc_content_type=kind,
            warc_headers_dict={
                "WARC-Record-ID": _record_id(),
                "WARC-Date": _warc_date(fetched.fetched_at),
                "WARC-Payload-Digest": digest,
            },
        )
        self._write(record)
        return str(record.rec_headers.get_header("WARC-Record-ID"))

    def _add_request(self, fetched: Fetched, date: str, response_id: str) -> None:
        target = fetched.url.split("://", 1)[-1]
        path = "/" + target.split("/", 1)[1] if "/" in target else "/"
        head = StatusAndHeaders(
            f"{fetched.method} {path} HTTP/1.1", list(fetched.request_headers), is_http_request=True
        )
        self._write(
            self._writer.create_warc_record(
                fetched.url,
                "request",
                http_headers=head,
                warc_headers_dict={
                    "WARC-Record-ID": _record_id(),
                    "WARC-Date": date,
                    "WARC-Concurrent-To": response_id,
                },
            )
        )

    def _write(self, record: Any) -> RecordPlace:
        offset = self._out.tell()
        self._writer.write_record(record)
        headers = record.rec_headers
        place = RecordPlace(
            id=str(headers.get_header("WARC-Record-ID")),
            type=record.rec_type,
            url=headers.get_header("WARC-Target-URI") or "",
            digest=headers.get_header("WARC-Payload-Digest") or "",
            offset=offset,
            length=self._out.tell() - offset,
        )
        self._places.append(place)
        return place


def new_run_id() -> str:
    """An identifier for one run of one source."""
    return uuid.uuid4().hex


def _record_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _moment(record: Any) -> datetime:
    return datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))


def _warc_date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _Decoded(io.RawIOBase):
    """The decoded payload of one record as a stream, which ends in an error beyond MAX_DECODED_BYTES."""

    def __init__(self, file: BinaryIO, place: RecordPlace) -> None:
        self._file, self._url = file, place.url
        file.seek(place.offset)
        record = next(iter(ArchiveIterator(LimitReader(file, place.length))))
        self._stream = record.content_stream()
        self._left = MAX_DECODED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise ArchiveError(f"{self._url}: decodes to more than {MAX_DECODED_BYTES} bytes; it is not read")
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()


def _opened(path: Path, place: RecordPlace) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Decoded(path.open("rb"), place), _CHUNK_BYTES))


def _digest_from(file: BinaryIO, offset: int, length: int) -> str:
    file.seek(offset)
    digest = hashlib.sha256()
    while length > 0 and (chunk := file.read(min(length, _CHUNK_BYTES))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest()


def _run_to(run: Run) -> dict[str, Any]:
    return asdict(run) | {"started_at": run.started_at.isoformat(), "ended_at": run.ended_at.isoformat()}


def _run_from(data: Mapping[str, Any]) -> Run:
    moments = {name: datetime.fromisoformat(data[name]) for name in ("started_at", "ended_at")}
    return Run(**(dict(data) | moments))


def _cut_torn_bytes(path: Path, entries: list[Entry]) -> None:
    if not path.exists():
        return
    vouched = max((entry.offset + entry.length for entry in entries if entry.file == path.name), default=0)
    if path.stat().st_size > vouched:
        os.truncate(path, vouched)


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
