"""Bodies of documents: beyond a small size in a temporary file, and decoded as they are read.

A listing of a million documents comes as one answer of hundreds of megabytes; neither the answer nor what it
decodes to is ever in memory as a whole.
"""

from __future__ import annotations

import io
import os
import weakref
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from collectors.evidence import Fetched, Stored
from collectors.fetch_error import FetchError
from collectors.sizes import LARGEST_BYTES, MAX_BYTES, MEGABYTE

IN_MEMORY_BYTES = MEGABYTE
CHUNK_BYTES = 256 * 1024


def gathered(url: str, chunks: Iterable[bytes], folder: Path | None = None) -> bytes | Stored:
    """What came of `url`: in memory while it is small, beyond that in a temporary file.

    The file has no name (it never outlives the process) and is gone when nobody holds what is returned. It is
    made in `folder`, or where the system keeps such files. Raises FetchError (``disk``) when it cannot be
    written.
    """
    parts: list[bytes] = []
    size = 0
    file: _Unnamed | None = None
    for chunk in chunks:
        size += len(chunk)
        parts.append(chunk)
        if size > IN_MEMORY_BYTES:
            file = file or _Unnamed(url, folder)
            for part in parts:
                file.write(part)
            parts.clear()
    return b"".join(parts) if file is None else Stored(size, partial(_reader, file))


def decoded(fetched: Fetched, *, max_bytes: int = LARGEST_BYTES) -> BinaryIO:
    """The payload as a stream with its content encoding (gzip, deflate) removed, to be closed by the caller.

    Raises FetchError, also while it is read: ``too_large`` beyond `max_bytes`, ``connection`` for an encoding
    that is unknown or a body that is damaged. A body that claims gzip and is not is given as it is, as
    browsers do.
    """
    return decoded_stream(fetched.open(), fetched.size, fetched.headers, fetched.url, max_bytes)


def decoded_stream(
    stream: BinaryIO, size: int, headers: Iterable[tuple[str, str]], url: str, max_bytes: int
) -> BinaryIO:
    """A body of that many bytes, which came with these headers, decoded; see `decoded`."""
    codings = [
        one.strip().lower()
        for name, value in headers
        if name.lower() == "content-encoding"
        for one in value.split(",")
    ]
    for coding in reversed(codings if size else []):
        if coding in ("", "identity"):
            continue
        if coding not in ("gzip", "x-gzip", "deflate"):
            stream.close()
            raise FetchError(
                url,
                "connection",
                f"content encoding {coding!r} was not asked for and cannot be read; report it to the site",
            )
        stream = cast("BinaryIO", io.BufferedReader(_Inflated(stream, coding, url, max_bytes), CHUNK_BYTES))
    return stream


def decode_body(fetched: Fetched, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The decoded payload in memory; see `decoded`."""
    with decoded(fetched, max_bytes=max_bytes) as stream:
        payload = stream.read(max_bytes + 1)
    if len(payload) > max_bytes:
        raise _too_much(fetched.url, max_bytes)
    return payload


class _Unnamed:
    """A temporary file without a name, closed when nobody holds it."""

    def __init__(self, url: str, folder: Path | None) -> None:
        self._url, self._folder = url, folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed by the next line but one)
        except OSError as error:
            raise self._unwritable(error) from error
        weakref.finalize(self, file.close)
        self.descriptor = file.fileno()

    def write(self, chunk: bytes) -> None:
        """Append the chunk."""
        rest = memoryview(chunk)
        while rest:
            try:
                rest = rest[os.write(self.descriptor, rest) :]
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> FetchError:
        return FetchError(
            self._url,
            "disk",
            f"a temporary file in {self._folder or 'the system folder for them'} cannot be written "
            f"({error.strerror}); make room there",
        )


class _Reader(io.RawIOBase):
    """One of several readers of one file, each at a place of its own."""

    def __init__(self, file: _Unnamed) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (os.fstat(self._file.descriptor).st_size if base is None else base)
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._file.descriptor, [buffer], self._at)
        self._at += count
        return count


def _reader(file: _Unnamed) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Reader(file), CHUNK_BYTES))


class _Inflated(io.RawIOBase):
    """A compressed stream decompressed; an error beyond `max_bytes`, for damage, and for an early end."""

    def __init__(self, stream: BinaryIO, coding: str, url: str, max_bytes: int) -> None:
        self._stream, self._url, self._max_bytes = stream, url, max_bytes
        self._left = max_bytes
        self._pending = stream.read(CHUNK_BYTES)
        self._window = _window(coding, self._pending)
        self._inflater = None if self._window is None else zlib.decompressobj(self._window)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._next(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise _too_much(self._url, self._max_bytes)
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _next(self, most: int) -> bytes:
        while self._inflater is not None:
            if self._inflater.eof:
                if not self._begins_another():
                    return b""
                continue
            self._pending = self._pending or self._stream.read(CHUNK_BYTES)
            is_at_end = not self._pending
            try:
                found = self._inflater.decompress(self._pending, most)
            except zlib.error as error:
                raise FetchError(
                    self._url, "connection", f"the compressed body is damaged ({error}); collect again"
                ) from error
            self._pending = self._inflater.unconsumed_tail
            if found:
                return found
            if is_at_end and not self._inflater.eof:
                raise FetchError(self._url, "connection", "the compressed body ends early; collect again")
        # Not compressed, whatever was claimed.
        found = self._pending[:most] or self._stream.read(most)
        self._pending = self._pending[most:]
        return found

    def _begins_another(self) -> bool:
        """gzip may be several members one after another; padding after the last is ignored."""
        assert self._inflater is not None and self._window is not None
        rest = self._inflater.unused_data
        if len(rest) < 2:
            rest += self._stream.read(CHUNK_BYTES)
        if not rest.startswith(b"\x1f\x8b"):
            return False
        self._inflater, self._pending = zlib.decompressobj(self._window), rest
        return True


def _window(coding: str, head: bytes) -> int | None:
    """zlib's window for a body that begins so; None for one that is not compressed."""
    if coding != "deflate":
        return 16 + zlib.MAX_WBITS if head.startswith(b"\x1f\x8b") else None
    # RFC 9110 means zlib; several servers send raw deflate. A zlib header is a multiple of 31.
    is_zlib = len(head) > 1 and head[0] & 0x0F == 8 and (head[0] * 256 + head[1]) % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def _too_much(url: str, max_bytes: int) -> FetchError:
    return FetchError(url, "too_large", f"decodes to more than {max_bytes} bytes; it is taken for an attack")
