"""Writing one run at the end of a WARC file: requests, responses, revisits, dropped files, the run itself."""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import urldefrag

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from collectors import ledger
from collectors.bodies import CHUNK_BYTES
from collectors.evidence import Fetched, Run
from collectors.ledger import LEDGER, ArchiveError, Entry, RecordPlace
from collectors.warc_reading import NOT_MODIFIED

RUN_URI = "urn:pantau:run:"
"""What the addresses of run records begin with."""
# warcio's own 9 takes five times as long, for a file that is a tenth smaller.
_COMPRESSION_LEVEL = 6


class Appender:
    """Writes the records of one run at the end of the day's WARC file.

    `written` are the last records of the file where they are of this run already.
    """

    def __init__(
        self,
        run: Run,
        path: Path,
        out: IO[bytes],
        entries: Sequence[Entry],
        written: Sequence[RecordPlace] = (),
    ) -> None:
        self._run = run
        self._path = path
        self._out = out
        self._entries = entries
        self._start = written[0].offset if written else out.tell()
        self._writer = _Writer(_Members(out), gzip=False, warc_version="1.1")
        self._places = list(written)
        self._failure: OSError | None = None
        self._known = {
            (place.url, place.digest): place
            for entry in entries
            for place in entry.records
            if place.type == "response"
        }
        if out.tell() == 0:
            info = {"software": "Pantau SPBE", "format": "WARC File Format 1.1", "isPartOf": run.source}
            self._write(self._writer.create_warcinfo_record(path.name, info))

    def add(self, fetched: Fetched) -> str:
        """Write one document; its capture id is returned.

        An HTTP answer becomes a request and a response record, or a revisit when the same address
        gave the same payload before, or its server confirmed that. A dropped file becomes a resource record.
        """
        with fetched.open() as body:
            digest = f"sha256:{digest_from(body, fetched.size)}"
        with fetched.open() as body:
            return self._add(fetched, body, digest)

    def _add(self, fetched: Fetched, body: BinaryIO, digest: str) -> str:
        if fetched.status is None:
            return self._add_resource(fetched, body, digest)
        head = _Head(f"{fetched.status} {fetched.reason}".strip(), list(fetched.headers), "HTTP/1.1")
        if fetched.not_modified is not None:
            head = _Head("304 Not Modified", list(fetched.not_modified), "HTTP/1.1")
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
                record.rec_headers.replace_header("WARC-Profile", NOT_MODIFIED)
        elif fetched.not_modified is not None:
            raise ArchiveError(f"{fetched.url}: a server confirmed an answer that the archive does not hold")
        else:
            record = self._writer.create_warc_record(
                fetched.url,
                "response",
                body,
                fetched.size,
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
        payload = json.dumps(run_to(run), ensure_ascii=False, sort_keys=True).encode()
        self._write(
            self._writer.create_warc_record(
                RUN_URI + run.run_id,
                "resource",
                io.BytesIO(payload),
                len(payload),
                warc_content_type="application/json",
                warc_headers_dict={"WARC-Record-ID": _record_id(), "WARC-Date": _warc_date(run.ended_at)},
            )
        )
        return self.vouch(recorded_at)

    def vouch(self, recorded_at: datetime) -> Entry:
        """Make the records durable, the last being that of the run, and add their line to the ledger."""
        self._out.flush()
        os.fsync(self._out.fileno())
        last = self._places[-1]
        end = last.offset + last.length
        with self._path.open("rb") as file:
            file.seek(self._start)
            digest = digest_from(file, end - self._start)
        return ledger.append_line(
            self._path.parent / LEDGER,
            self._entries,
            institution=self._run.institution,
            source=self._run.source,
            run_id=self._run.run_id,
            file=self._path.name,
            offset=self._start,
            length=end - self._start,
            sha256=digest,
            recorded_at=recorded_at,
            records=self._places,
        )

    def _add_resource(self, fetched: Fetched, body: BinaryIO, digest: str) -> str:
        kind = next(
            (v for n, v in fetched.headers if n.lower() == "content-type"), "application/octet-stream"
        )
        record = self._writer.create_warc_record(
            fetched.url,
            "resource",
            body,
            fetched.size,
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
        target = urldefrag(fetched.url).url.split("://", 1)[-1]
        path = "/" + target.split("/", 1)[1] if "/" in target else "/"
        head = StatusAndHeaders(
            f"{fetched.method} {path} HTTP/1.1", list(fetched.request_headers), is_http_request=True
        )
        self._write(
            self._writer.create_warc_record(
                fetched.url,
                "request",
                io.BytesIO(fetched.request_body),
                len(fetched.request_body),
                http_headers=head,
                warc_headers_dict={
                    "WARC-Record-ID": _record_id(),
                    "WARC-Date": date,
                    "WARC-Concurrent-To": response_id,
                },
            )
        )

    def _write(self, record: Any) -> RecordPlace:
        if self._failure is not None:
            raise self._failure
        offset = self._out.tell()
        try:
            self._writer.write_record(record)
        except OSError as error:
            # Half a record may be in the file now: after it nothing can be vouched for.
            self._failure = OSError(error.errno, error.strerror, str(self._path))
            raise self._failure from error
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


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """The head of an answer, written in the bytes it came in.

    warcio writes ASCII: what is not it changes, and a status line or cookie that has it cannot be written.
    """

    def to_ascii_bytes(self, filter_func: Any = None) -> bytes:
        lines = self.to_str(filter_func).split("\r\n")
        return b"\r\n".join([*map(_as_sent, lines), b""])


def _as_sent(line: str) -> bytes:
    try:
        # So headers are read from the wire.
        return line.encode("latin-1")
    except UnicodeEncodeError:
        # So they are read from the archive, where they are UTF-8.
        return line.encode()


class _Members:
    """What is written up to each flush becomes one gzip member of the file."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._compressor = self._fresh()

    def write(self, data: bytes) -> None:
        self._out.write(self._compressor.compress(data))

    def flush(self) -> None:
        self._out.write(self._compressor.flush())
        self._out.flush()
        self._compressor = self._fresh()

    @staticmethod
    def _fresh() -> Any:
        return zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS + 16)


def digest_from(file: BinaryIO, length: int) -> str:
    """SHA-256 of the next so many bytes, which are read a little at a time."""
    digest = hashlib.sha256()
    while length > 0 and (chunk := file.read(min(length, CHUNK_BYTES))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest()


def _record_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _warc_date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def run_to(run: Run) -> dict[str, Any]:
    """A run as the JSON of its record."""
    return asdict(run) | {"started_at": run.started_at.isoformat(), "ended_at": run.ended_at.isoformat()}


def run_from(data: Mapping[str, Any]) -> Run:
    """The run in the JSON of its record."""
    moments = {name: datetime.fromisoformat(data[name]) for name in ("started_at", "ended_at")}
    return Run(**(dict(data) | moments))


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
