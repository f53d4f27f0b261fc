"""One HTTP/1 answer, put together from the bytes of a connection as they arrive.

Servers are hostile: nothing here grows past a bound, and what is no HTTP is said to be none as soon as it
can be told.
"""

from __future__ import annotations

import re
import zlib
from typing import Literal

PAYLOAD_CAP = 1024 * 1024
"""How many decoded bytes of an answer are read; the rest is left on the wire."""

Problem = Literal["empty_reply", "reset", "too_large"]

_HEAD_CAP = 300 * 1024
_LINE_CAP = 4096
_FIRST_LINE = re.compile(r"HTTP/(1\.[01]) ([1-9]\d\d)(?![^ \r\n])")
_GOES_ON = re.compile(r"\r?\n[ \t]+")
_LENGTH = re.compile(r"\d{1,18}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_AUTOMATIC = 47  # gzip or zlib, as zlib's window bits say it
_BARE_DEFLATE = -15
_MEMBER = b"\x1f\x8b"
"""What a member of gzip begins with."""


class Answer:
    """What has been received so far.

    `is_over` once nothing more is wanted: the answer is whole, longer than PAYLOAD_CAP (`is_cut`), or bad
    (`problem` says what to call it, `detail` why). Interim answers (100, 103) are passed over. `headers` have
    their names in lower case; `payload` is decoded.
    """

    __slots__ = (
        "_behind",
        "_chunks",
        "_decoder",
        "_deflated",
        "_has_body",
        "_head",
        "_left",
        "_pieces",
        "_room",
        "detail",
        "headers",
        "http_version",
        "is_cut",
        "is_over",
        "problem",
        "status",
    )

    def __init__(self) -> None:
        self.status: int | None = None
        self.http_version: str | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.is_over = False
        self.is_cut = False
        self.problem: Problem | None = None
        self.detail = ""
        self._head: bytes | None = b""
        """What has come of the head; None once it is read."""
        self._left: int | None = None
        """Bytes to come; None where the end of the connection ends the body."""
        self._chunks: _Chunks | None = None
        self._decoder: zlib._Decompress | None = None
        self._deflated: bytes | None = None
        """What has come of a body in "deflate" until it shows which form that is."""
        self._behind = b""
        """The first two bytes behind the last whole member of a body in gzip."""
        self._has_body = False
        self._pieces: list[bytes] = []
        self._room = PAYLOAD_CAP

    @property
    def payload(self) -> bytes:
        return b"".join(self._pieces)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection."""
        while self._head is not None:
            data = self._head + data if self._head else data
            # Lines may end as they should or bare.
            end, after = data.find(b"\n\r\n"), 3
            if (bare := data.find(b"\n\n", 0, end + 1 if end >= 0 else len(data))) >= 0:
                end, after = bare, 2
            if end < 0:
                self._await_head(data)
                return
            self._head = None
            self._read_head(data[:end].decode("latin-1"))
            if self.is_over:
                return
            data = data[end + after :]
        if not data:
            return
        if self._chunks is not None:
            self._chunks.feed(data, self)
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self.add(data)
        if self._left == 0:
            self.finish()

    def end(self) -> None:
        """The server has closed the connection."""
        if self.is_over:
            return
        if self._head is not None:
            self.fail("empty_reply", "closed before an answer" if not self._head else "closed in the headers")
        elif self._left is not None or self._chunks is not None:
            self.fail("reset", "closed before the end of the body")
        self.finish()

    def finish(self) -> None:
        """All bytes of the body have come, as far as the answer tells its end; so must what they decode to.

        A program that dies while it writes ends its answer properly, but not what it has compressed.
        """
        if self.is_over:
            return
        if self._decoder is not None and self._has_body and not self._decoder.eof:
            self.fail("reset", "the compressed body ends early")
        self.is_over = True

    def fail(self, problem: Problem, detail: str) -> None:
        """Nothing more can be made of this answer."""
        self.problem, self.detail, self.is_over = problem, detail, True

    def add(self, data: bytes) -> None:
        """Take bytes of the body, as far as there is room for what they decode to."""
        if self._decoder is not None:
            self._has_body = True
            try:
                data = self._decoded(data)
            except zlib.error as error:
                self.fail("empty_reply", f"the body is not encoded as the answer says: {error}")
                return
        if len(data) > self._room:
            data = data[: self._room]
            self.is_cut = self.is_over = True
        if data:
            self._pieces.append(data)
            self._room -= len(data)

    def _decoded(self, data: bytes) -> bytes:
        assert self._decoder is not None
        if self._deflated is not None:
            data = self._deflated + data
            if len(data) < 2:
                self._deflated = data
                return b""
            self._deflated = None
            if data[0] % 16 != 8 or int.from_bytes(data[:2], "big") % 31:
                # No header of zlib's: some servers mean the bare form by "deflate".
                self._decoder = zlib.decompressobj(_BARE_DEFLATE)
        found = b""
        # One byte more than there is room for tells that there is more; a bomb unpacks no further.
        while data and len(found) <= self._room:
            if self._decoder.eof:
                # gzip may be several members one after another; what else follows the last is ignored.
                data = self._behind + data
                self._behind = data[:2]
                if self._behind != _MEMBER:
                    break
                self._behind = b""
                self._decoder = zlib.decompressobj(_AUTOMATIC)
            found += self._decoder.decompress(data, self._room + 1 - len(found))
            data = self._decoder.unused_data
        return found

    def _await_head(self, data: bytes) -> None:
        self._head = data
        if not data.startswith(b"HTTP/1."[: len(data)]):
            self.fail("empty_reply", "no HTTP")
        elif len(data) > _HEAD_CAP:
            self.fail("too_large", f"headers of more than {_HEAD_CAP // 1024} KiB")

    def _read_head(self, head: str) -> None:
        said = _FIRST_LINE.match(head)
        if said is None or "\0" in head:
            self.fail("empty_reply", "no HTTP")
            return
        status = int(said[2])
        if status < 200 and status != 101:
            self._head = b""
            return
        # A line that begins with a space goes on with the one before, as it might of old.
        if "\n " in head or "\n\t" in head:
            head = _GOES_ON.sub(" ", head)
        self.status, self.http_version = status, said[1]
        lines = [line.partition(":") for line in head.split("\n")[1:]]
        self.headers = tuple([(name.strip().lower(), value.strip()) for name, colon, value in lines if colon])
        if status in (101, 204, 304):
            self.is_over = True
        else:
            self._expect_body()

    def _expect_body(self) -> None:
        named = dict(self.headers)
        if "content-encoding" in named:
            said = ",".join([value.lower() for name, value in self.headers if name == "content-encoding"])
            self._expect_coding([coding.strip() for coding in said.split(",")])
        if named.get("transfer-encoding", "").lower().rpartition(",")[2].strip() == "chunked":
            self._chunks = _Chunks()
        elif "content-length" in named:
            # Said twice it must be the same, for the answer to have one end.
            lengths = {value for name, value in self.headers if name == "content-length"}
            length = lengths.pop()
            if lengths or _LENGTH.fullmatch(length) is None:
                self.fail("empty_reply", f"Content-Length is {', '.join((length, *lengths))[:100]}")
                return
            self._left = int(length)
            if self._left == 0:
                self.finish()

    def _expect_coding(self, codings: list[str]) -> None:
        codings = [coding for coding in codings if coding not in ("", "identity")]
        if not codings:
            return
        if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
            self.fail("empty_reply", f"encoded in a way not asked for: {', '.join(codings)[:100]}")
            return
        self._decoder = zlib.decompressobj(_AUTOMATIC)
        self._deflated = b"" if codings == ["deflate"] else None


class _Chunks:
    """A body in chunks (RFC 9112, 7.1); what is read goes to the answer."""

    __slots__ = ("_is_after_data", "_is_in_trailer", "_left", "_rest")

    def __init__(self) -> None:
        self._left = 0
        self._rest = b""
        self._is_after_data = False
        self._is_in_trailer = False

    def feed(self, data: bytes, answer: Answer) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        while not answer.is_over:
            if self._left:
                piece = data[at : at + self._left]
                if not piece:
                    break
                at += len(piece)
                self._left -= len(piece)
                self._is_after_data = True
                answer.add(piece)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                if len(data) - at > _LINE_CAP:
                    answer.fail("empty_reply", "no chunked body")
                break
            self._line(data[at:end].rstrip(b"\r"), answer)
            at = end + 1
        self._rest = data[at:]

    def _line(self, line: bytes, answer: Answer) -> None:
        if self._is_in_trailer:
            if not line:
                answer.finish()
        elif self._is_after_data:
            self._is_after_data = False
            if line:
                answer.fail("empty_reply", "no chunked body")
        elif (size := _CHUNK.fullmatch(line)) is not None:
            self._left = int(size[1], 16)
            self._is_in_trailer = self._left == 0
        else:
            answer.fail("empty_reply", "no chunked body")
