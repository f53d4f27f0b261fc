"""An HTTP answer is put together alike however the network cuts it, and what is none is said to be none."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.http_answer import PAYLOAD_CAP, Answer

PAGE = b"<title>Kota Contoh</title>" * 50


def raw(data: bytes) -> bytes:
    bare = zlib.compressobj(wbits=-15)
    return bare.compress(data) + bare.flush()


def chunked(data: bytes, size: int = 7, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x;x=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join((status, *lines, "", "")).encode("latin-1")


def length(data: bytes) -> str:
    return f"Content-Length: {len(data)}"


def given_bytes(data: bytes, *, size: int = 1 << 30, ends: bool = True) -> Answer:
    answer = Answer()
    for at in range(0, len(data), size):
        if answer.is_over:
            break
        answer.feed(data[at : at + size])
    if ends:
        answer.end()
    return answer


WHOLE = {
    "length": head(length(PAGE)) + PAGE,
    "until closed": head() + PAGE,
    "chunked": head("Transfer-Encoding: chunked") + chunked(PAGE),
    "chunked, with a trailer": head("transfer-encoding: gzip, Chunked")
    + chunked(PAGE, 99, b"0\r\nX: 1\r\n\r\n"),
    "chunked although it has a length": head("Content-Length: 5", "Transfer-Encoding: chunked")
    + chunked(PAGE),
    "bare line ends": b"HTTP/1.0 200\nContent-Length: %d\n\n" % len(PAGE) + PAGE,
    "interim answers before": head("X: y", status="HTTP/1.1 103 Early Hints") * 3 + head(length(PAGE)) + PAGE,
    "the same length twice": head(length(PAGE), length(PAGE)) + PAGE,
    "gzip": head(length(gzip.compress(PAGE)), "Content-Encoding: gzip") + gzip.compress(PAGE),
    "gzip in chunks": head("Content-Encoding: GZIP", "Transfer-Encoding: chunked")
    + chunked(gzip.compress(PAGE)),
    "gzip in two members, and padding": head("Content-Encoding: gzip")
    + gzip.compress(PAGE[:100])
    + gzip.compress(PAGE[100:])
    + b"\0\x1f\x8b" * 9,
    "deflate": head("Content-Encoding: deflate") + zlib.compress(PAGE),
    "bare deflate": head("Content-Encoding: deflate") + raw(PAGE),
    "identity": head("Content-Encoding: identity") + PAGE,
    "more than was promised": head(length(PAGE)) + PAGE + b"HTTP/1.1 404 Not Found\r\n\r\n",
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("size", [1, 2, 5, 64, 1 << 30])
def test_a_whole_answer_is_read_however_it_is_cut(kind: str, size: int) -> None:
    answer = given_bytes(WHOLE[kind], size=size)
    assert (answer.problem, answer.status, answer.is_cut) == (None, 200, False), answer.detail
    assert answer.payload == PAGE


@pytest.mark.parametrize(
    "kind", [kind for kind in WHOLE if "Content-Encoding: deflate" not in str(WHOLE[kind])]
)
def test_an_answer_that_tells_its_end_needs_no_end_of_the_connection(kind: str) -> None:
    has_end = b"ontent-Length" in WHOLE[kind] or b"hunked" in WHOLE[kind]
    assert given_bytes(WHOLE[kind], ends=False).is_over is has_end


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "101 Switching Protocols"])
def test_some_answers_have_no_body(status: str) -> None:
    answer = given_bytes(head("Content-Length: 9", status=f"HTTP/1.1 {status}"), ends=False)
    assert (answer.is_over, answer.problem, answer.payload) == (True, None, b"")


ENCODED = {"gzip": gzip.compress(PAGE), "deflate": zlib.compress(PAGE), "deflate, bare": raw(PAGE)}


@pytest.mark.parametrize("kind", ENCODED)
@pytest.mark.parametrize("size", [1, 1 << 30])
@pytest.mark.parametrize("framing", ["length", "chunks", "until closed"])
def test_a_body_whose_encoding_ends_early_is_cut_off_however_it_was_sent(
    kind: str, size: int, framing: str
) -> None:
    encoding = f"Content-Encoding: {kind.partition(',')[0]}"

    def sent(body: bytes) -> bytes:
        match framing:
            case "length":
                return head(encoding, length(body)) + body
            case "chunks":
                return head(encoding, "Transfer-Encoding: chunked") + chunked(body)
        return head(encoding) + body

    whole = ENCODED[kind]
    for keeps in (1, len(whole) // 2, len(whole) - 1):
        cut = given_bytes(sent(whole[:keeps]), size=size)
        assert (cut.problem, cut.status, cut.is_over) == ("reset", 200, True), keeps
    # Servers say so of answers without a body, too.
    for good, payload in ((whole, PAGE), (b"", b"")):
        answer = given_bytes(sent(good), size=size)
        assert (answer.problem, answer.payload) == (None, payload)


def test_headers_are_of_the_last_answer_in_lower_case_and_in_one_line() -> None:
    answer = given_bytes(
        head("A: 1", status="HTTP/1.1 100 Continue") + head("X-Frame-Options:DENY", "B: x", "\ty", "rusak")
    )
    assert answer.headers == (("x-frame-options", "DENY"), ("b", "x y"))
    assert answer.http_version == "1.1"


@pytest.mark.parametrize(
    ("data", "problem", "status"),
    [
        (b"", "empty_reply", None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "empty_reply", None),
        (b"<html>tanpa kepala</html>", "empty_reply", None),
        (b"\x16\x03\x01\r\n\r\n", "empty_reply", None),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "empty_reply", None),
        (b"HTTP/2 200\r\n\r\n", "empty_reply", None),
        (b"HTTP/1.1 20x OK\r\n\r\n", "empty_reply", None),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "empty_reply", None),
        (head("X: a\0b"), "empty_reply", None),
        (head("Content-Length: -1"), "empty_reply", 200),
        (head("Content-Length: 5, 6"), "empty_reply", 200),
        (head("Content-Length: 5", "Content-Length: 6"), "empty_reply", 200),
        (head("Content-Length: " + "9" * 30), "empty_reply", 200),
        (head("Content-Length: 10") + b"123", "reset", 200),
        (head("Transfer-Encoding: chunked") + b"5\r\n12345\r\n", "reset", 200),
        (head("Transfer-Encoding: chunked") + b"zz\r\n", "empty_reply", 200),
        (head("Transfer-Encoding: chunked") + b"-5\r\n", "empty_reply", 200),
        (head("Transfer-Encoding: chunked") + b"2\r\nabc\r\n", "empty_reply", 200),
        (head("Transfer-Encoding: chunked") + b"f" * 10_000, "empty_reply", 200),
        (head("Content-Encoding: gzip") + b"bukan gzip", "empty_reply", 200),
        (head("Content-Encoding: br") + b"x", "empty_reply", 200),
        (head("Content-Encoding: gzip, gzip") + b"x", "empty_reply", 200),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 100_000, "too_large", None),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(data: bytes, problem: str, status: int | None) -> None:
    answer = given_bytes(data, size=50_000)
    assert (answer.problem, answer.status, answer.is_over) == (problem, status, True)
    assert answer.detail


def test_no_more_is_read_than_there_is_room_for() -> None:
    exact = given_bytes(head(f"Content-Length: {PAYLOAD_CAP}") + b"x" * PAYLOAD_CAP)
    longer = given_bytes(head() + b"x" * (PAYLOAD_CAP + 1), ends=False)
    bomb = gzip.compress(b"x" * (64 * 1024 * 1024))
    unpacked = given_bytes(head("Content-Encoding: gzip") + bomb, ends=False)
    assert (exact.is_cut, len(exact.payload)) == (False, PAYLOAD_CAP)
    for cut in (longer, unpacked):
        assert (cut.is_cut, cut.is_over, cut.problem, len(cut.payload)) == (True, True, None, PAYLOAD_CAP)


@given(
    st.lists(st.binary(max_size=60), max_size=8),
    st.sampled_from([b"", head(), head("Transfer-Encoding: chunked"), head("Content-Encoding: gzip")]),
)
def test_no_bytes_whatever_break_the_reader(pieces: list[bytes], before: bytes) -> None:
    answer = Answer()
    for piece in (before, *pieces):
        if not answer.is_over:
            answer.feed(piece)
    answer.end()
    assert answer.is_over
