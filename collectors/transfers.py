"""HTTP requests measured phase by phase, many at a time, over libcurl's multi interface.

A *visit* is written as a generator that yields each Request it needs and is sent the Reply, so that it reads
from top to bottom; `run` drives many of them in one loop. Every request is made on a connection of its own,
with a DNS look-up and a TLS handshake of its own: nothing is reused, or the phases would not be what a first
visitor meets.
"""

from __future__ import annotations

import heapq
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

import pycurl

from collectors.certificates import Certificate, leaf_certificate
from collectors.lookups import Found, Lookup

PAYLOAD_CAP = 1024 * 1024
"""How many decoded bytes of an answer are read; the rest is left on the wire."""
REQUESTS_PER_HOST = 8
"""Visits to one host and port under way at a time: its watchman must not bring a small server down."""
_LONGEST_SLEEP_SECONDS = 0.1
_LOOKUP_POLL_SECONDS = 0.005

Result = TypeVar("Result")


@dataclass(frozen=True)
class Phases:
    """How long each phase of a request took, in milliseconds; None where it was not reached or not needed.

    `total_ms` runs from the start to the last byte read, or to the failure.
    """

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0

    def __add__(self, other: Phases) -> Phases:
        """Phase by phase over the requests of one visit."""
        return Phases(
            dns_ms=_sum(self.dns_ms, other.dns_ms),
            connect_ms=_sum(self.connect_ms, other.connect_ms),
            tls_ms=_sum(self.tls_ms, other.tls_ms),
            first_byte_ms=_sum(self.first_byte_ms, other.first_byte_ms),
            total_ms=self.total_ms + other.total_ms,
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


@dataclass(frozen=True)
class Reply:
    """What one request brought: an answer, or how it failed.

    `curl_code` is libcurl's CURLcode, 0 when the answer was read to its end or to PAYLOAD_CAP (`is_cut`);
    a look-up that failed bears the code that libcurl has for it.
    `payload` is decoded. `refused_addresses` were resolved but not connected to; `was_connecting` tells that
    a connection was tried to another one. `redirect_url` is absolute.
    """

    url: str
    curl_code: int
    curl_message: str
    status: int | None
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    is_cut: bool
    redirect_url: str | None
    phases: Phases
    certificate: Certificate | None
    verify_result: int
    os_errno: int
    refused_addresses: tuple[str, ...]
    was_connecting: bool


@dataclass(frozen=True)
class Request:
    """One GET by a visitor, made `delay_seconds` from now and given up after `timeout_seconds`."""

    visitor: Visitor
    url: str
    timeout_seconds: float
    delay_seconds: float = 0.0


Visit = Generator[Request, Reply, Result]


class Visitor:
    """A client with its own cookies, connecting only to addresses that `is_allowed` (given numerically).

    The address is tested at each connection, so a redirect or a second DNS answer cannot go around it.
    Proxies of the environment are not used: what is measured is the way to the service.
    """

    def __init__(
        self, *, user_agent: str, ca_file: Path, is_allowed: Callable[[str], bool], verify: bool = True
    ) -> None:
        self._is_allowed = is_allowed
        self._start_afresh()
        self.curl = curl = pycurl.Curl()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)  # one request at a time, or the phases of several would mix
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.COOKIEFILE, "")
        curl.setopt(pycurl.USERAGENT, user_agent)
        curl.setopt(pycurl.HTTPHEADER, ["Accept: text/html,*/*;q=0.8", "Accept-Language: id,en;q=0.5"])
        curl.setopt(pycurl.ACCEPT_ENCODING, "")
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.CAINFO, str(ca_file))
        curl.setopt(pycurl.SSL_VERIFYPEER, int(verify))
        curl.setopt(pycurl.SSL_VERIFYHOST, 2 if verify else 0)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_sockets()
        self.curl.close()

    def prepare(self, request: Request, lookup: Lookup, found: Found) -> None:
        """Set the handle up for `request`, now that its host was found, forgetting the answer before."""
        self._start_afresh()
        self._url = request.url
        self._lookup_ms = found.ms
        left_ms = max(1, round(request.timeout_seconds * 1000 - found.ms))
        host, *addresses = (f"[{one}]" if ":" in one else one for one in (lookup.host, *found.addresses))
        self.curl.setopt(pycurl.RESOLVE, [f"{host}:{lookup.port}:{','.join(addresses)}"])
        self.curl.setopt(pycurl.URL, request.url.encode())
        self.curl.setopt(pycurl.TIMEOUT_MS, left_ms)
        self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, left_ms)

    def reply(self, code: int, message: str) -> Reply:
        """The outcome of the prepared request, which libcurl ended with `code` (0: well) and `message`."""
        self._close_sockets()
        curl = self.curl
        if self._is_cut and code == pycurl.E_WRITE_ERROR:
            code, message = 0, ""
        status = curl.getinfo(pycurl.RESPONSE_CODE) or None
        redirect = curl.getinfo_raw(pycurl.REDIRECT_URL)
        return Reply(
            url=self._url,
            curl_code=code,
            # Messages quote the server; bytes of theirs that are no text must not spoil the record.
            curl_message=message.encode("utf-8", "replace").decode("utf-8", "replace"),
            status=status,
            headers=tuple(self._headers),
            payload=bytes(self._payload),
            is_cut=self._is_cut,
            redirect_url=redirect.decode("utf-8", "replace") if redirect else None,
            phases=self._phases(answered=status is not None),
            certificate=leaf_certificate(curl.getinfo_raw(pycurl.INFO_CERTINFO) or []),
            verify_result=curl.getinfo(pycurl.SSL_VERIFYRESULT),
            os_errno=curl.getinfo(pycurl.OS_ERRNO),
            refused_addresses=tuple(self._refused),
            was_connecting=self._was_connecting,
        )

    def _start_afresh(self) -> None:
        self._url = ""
        self._headers: list[tuple[str, str]] = []
        self._payload = bytearray()
        self._is_cut = False
        self._refused: list[str] = []
        self._sockets: list[socket.socket] = []
        self._was_connecting = False
        self._lookup_ms = 0.0

    def _phases(self, *, answered: bool) -> Phases:
        """libcurl gives the time since the start at which each phase ended, and 0 for one not reached."""
        resolved, connected, secured, answering, ended = (
            self.curl.getinfo(at) * 1000
            for at in (
                pycurl.NAMELOOKUP_TIME,
                pycurl.CONNECT_TIME,
                pycurl.APPCONNECT_TIME,
                pycurl.STARTTRANSFER_TIME,
                pycurl.TOTAL_TIME,
            )
        )
        return Phases(
            dns_ms=self._lookup_ms + resolved,
            connect_ms=connected - resolved if connected else None,
            tls_ms=secured - connected if secured else None,
            first_byte_ms=answering - (secured or connected) if answered else None,
            total_ms=self._lookup_ms + ended,
        )

    def _open_socket(self, _purpose: int, address: tuple[int, int, int, tuple[str, int]]) -> object:
        family, kind, protocol, (host, *_) = address
        if not self._is_allowed(host):
            self._refused.append(host)
            return pycurl.SOCKET_BAD
        self._was_connecting = True
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError:
            # No such address family on this machine (IPv6, mostly): libcurl goes on to the next address.
            return pycurl.SOCKET_BAD
        self._sockets.append(opened)  # libcurl duplicates it, and this one is closed with the reply
        return opened

    def _close_sockets(self) -> None:
        for opened in self._sockets:
            opened.close()

    def _take_header(self, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        if text.startswith("HTTP/"):
            self._headers.clear()  # an interim answer (100, 103) came before
        elif ":" in text:
            name, value = text.split(":", 1)
            self._headers.append((name.strip(), value.strip()))

    def _take_body(self, chunk: bytes) -> int:
        room = PAYLOAD_CAP - len(self._payload)
        self._payload += chunk[:room]
        self._is_cut = len(chunk) > room
        # Taking less than was offered ends the transfer.
        return min(len(chunk), room)


def _unresolved(request: Request, lookup: Lookup) -> Reply:
    found = lookup.found
    if found is None:
        code, message = pycurl.E_OPERATION_TIMEDOUT, f"no answer about {lookup.host}"
    else:
        code, message = pycurl.E_COULDNT_RESOLVE_HOST, f"{lookup.host}: {found.error}"
    return Reply(
        url=request.url,
        curl_code=code,
        curl_message=message,
        status=None,
        headers=(),
        payload=b"",
        is_cut=False,
        redirect_url=None,
        phases=Phases(total_ms=lookup.elapsed_ms if found is None else found.ms),
        certificate=None,
        verify_result=0,
        os_errno=0,
        refused_addresses=(),
        was_connecting=False,
    )


def run(
    visits: Sequence[tuple[str, Visit[Result]]], *, concurrency: int, on_done: Callable[[int], None]
) -> list[Result]:
    """Drive visits, each with the host and port it starts at, to their end; their results in the same order.

    At most `concurrency` are under way at once. `on_done` is told after each how many are done.
    """
    loop = _Loop(visits, concurrency)
    try:
        return loop.run(on_done)
    finally:
        loop.close()


class _Loop(Generic[Result]):
    def __init__(self, visits: Sequence[tuple[str, Visit[Result]]], concurrency: int) -> None:
        self._hosts = [host for host, _ in visits]
        self._visits = [visit for _, visit in visits]
        self._concurrency = concurrency
        self._waiting = list(range(len(visits)))
        self._under_way: Counter[str] = Counter()
        self._resting: list[tuple[float, int, Request]] = []
        self._looking: dict[int, tuple[Request, Lookup]] = {}
        self._active: dict[pycurl.Curl, tuple[int, Visitor]] = {}
        self._results: dict[int, Result] = {}
        self._multi = pycurl.CurlMulti()

    def run(self, on_done: Callable[[int], None]) -> list[Result]:
        told = 0
        while True:
            self._admit()
            self._wake()
            self._take_lookups()
            self._multi.perform()
            self._take_replies()
            for done in range(told + 1, len(self._results) + 1):
                on_done(done)
            told = len(self._results)
            if told == len(self._visits):
                return [self._results[index] for index in range(told)]
            self._sleep()

    def close(self) -> None:
        for curl in self._active:
            self._multi.remove_handle(curl)
        for visit in self._visits:
            visit.close()
        self._multi.close()

    def _admit(self) -> None:
        """Start waiting visits as far as the limits allow, passing over those whose host is busy."""
        room = self._concurrency - self._under_way.total()
        still_waiting = []
        for index in self._waiting:
            host = self._hosts[index]
            if room > 0 and self._under_way[host] < REQUESTS_PER_HOST:
                room -= 1
                self._under_way[host] += 1
                self._advance(index, None)
            else:
                still_waiting.append(index)
        self._waiting = still_waiting

    def _wake(self) -> None:
        while self._resting and self._resting[0][0] <= time.monotonic():
            _, index, request = heapq.heappop(self._resting)
            self._look_up(index, request)

    def _take_lookups(self) -> None:
        for index, (request, lookup) in list(self._looking.items()):
            found = lookup.found
            is_late = lookup.elapsed_ms >= request.timeout_seconds * 1000
            if found is None and not is_late:
                continue
            del self._looking[index]
            if found is None or not found.addresses:
                self._advance(index, _unresolved(request, lookup))
            else:
                request.visitor.prepare(request, lookup, found)
                self._active[request.visitor.curl] = (index, request.visitor)
                self._multi.add_handle(request.visitor.curl)

    def _take_replies(self) -> None:
        left = 1
        while left:
            left, ended_well, failed = self._multi.info_read()
            for curl, code, message in [(curl, 0, "") for curl in ended_well] + failed:
                self._multi.remove_handle(curl)
                index, visitor = self._active.pop(curl)
                self._advance(index, visitor.reply(code, message))

    def _advance(self, index: int, reply: Reply | None) -> None:
        visit = self._visits[index]
        try:
            request = next(visit) if reply is None else visit.send(reply)
        except StopIteration as end:
            self._results[index] = end.value
            self._under_way[self._hosts[index]] -= 1
            return
        if request.delay_seconds > 0:
            heapq.heappush(self._resting, (time.monotonic() + request.delay_seconds, index, request))
        else:
            self._look_up(index, request)

    def _look_up(self, index: int, request: Request) -> None:
        self._looking[index] = (request, Lookup(request.url))

    def _sleep(self) -> None:
        seconds = _LOOKUP_POLL_SECONDS if self._looking else _LONGEST_SLEEP_SECONDS
        if self._active:
            wanted = self._multi.timeout()
            seconds = seconds if wanted < 0 else min(seconds, wanted / 1000)
        if self._resting:
            seconds = min(seconds, max(0.0, self._resting[0][0] - time.monotonic()))
        readable, writable, broken = self._multi.fdset()
        select.select(readable, writable, broken, seconds)
