"""One record of a WARC file: what it says of itself, and its payload as a stream."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.limitreader import LimitReader

from collectors.bodies import CHUNK_BYTES, decoded_stream
from collectors.evidence import ParseError, Stored
from collectors.fetch_error import FetchError
from collectors.ledger import ArchiveError, RecordPlace
from collectors.sizes import LARGEST_BYTES

MAX_DECODED_BYTES = LARGEST_BYTES
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
"""The profile of a revisit that the server confirmed with a 304."""


@contextmanager
def record_at(path: Path, place: RecordPlace) -> Iterator[Any]:
    """The record of that place, its payload unread. Raises ArchiveError where another record is there."""
    with path.open("rb") as file:
        record = record_in(file, place.offset, place.length)
        if record is None or record.rec_headers.get_header("WARC-Record-ID") != place.id:
            raise ArchiveError(
                f"{path}, byte {place.offset}: holds no record {place.id}, which the ledger lists; "
                "restore it from a backup"
            )
        yield record


def decoded_at(path: Path, place: RecordPlace) -> BinaryIO:
    """The payload with its content encoding removed, to be closed by the caller.

    Reading it raises ArchiveError beyond MAX_DECODED_BYTES, and ParseError where what the server sent is
    damaged or ends early: it is never taken for a short document.
    """
    return _stream(path, place, is_decoded=True)


def stored_at(path: Path, place: RecordPlace) -> Stored:
    """The payload as it was sent."""
    with record_at(path, place) as record:
        size = record.raw_stream.limit
    return Stored(size, partial(_stream, path, place, is_decoded=False))


def moment(record: Any) -> datetime:
    """When the document was fetched, or last confirmed."""
    return datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))


def is_confirmed(record: Any) -> bool:
    """Whether the record says only that the server confirmed an earlier answer."""
    return bool(record.rec_headers.get_header("WARC-Profile") == NOT_MODIFIED)


def payload_of(record: Any) -> BinaryIO:
    """The payload with its content encoding removed. Raises ParseError, also later: see `decoded_at`."""
    raw = cast("BinaryIO", record.raw_stream)
    if record.http_headers is None:
        return raw
    with _damage_named():
        return decoded_stream(
            raw,
            record.raw_stream.limit,
            record.http_headers.headers,
            record.rec_headers.get_header("WARC-Target-URI"),
            # More than who reads takes, even read ahead: he has the last word on size.
            MAX_DECODED_BYTES + 4 * CHUNK_BYTES,
        )


def first_bytes(record: Any, count: int) -> bytes | None:
    """So many bytes of the payload, or all it has; None where it is damaged."""
    try:
        stream = payload_of(record)
        with _damage_named():
            return stream.read(count)
    except ParseError:
        return None


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except FetchError as error:
        raise ParseError(error.url, error.message, "Nothing of it is believed") from error


def record_in(file: BinaryIO, offset: int, length: int) -> Any:
    """The record in that range of bytes, or None where it holds none."""
    file.seek(offset)
    return next(iter(ArchiveIterator(LimitReader(file, length))), None)


def _stream(path: Path, place: RecordPlace, *, is_decoded: bool) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Payload(path, place, is_decoded), CHUNK_BYTES))


class _Payload(io.RawIOBase):
    """The payload of one record, which ends in an error beyond MAX_DECODED_BYTES."""

    def __init__(self, path: Path, place: RecordPlace, is_decoded: bool) -> None:
        self._file, self._url = path.open("rb"), place.url
        record = record_in(self._file, place.offset, place.length)
        self._stream = payload_of(record) if is_decoded else record.raw_stream
        self._left = MAX_DECODED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_named():
            found = self._stream.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise ArchiveError(f"{self._url}: decodes to more than {MAX_DECODED_BYTES} bytes; it is not read")
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()
