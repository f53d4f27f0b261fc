"""HTTP requests measured phase by phase, without waiting: each goes on when its socket is ready.

Every request is made on a connection of its own, with a DNS look-up and a TLS handshake of its own: nothing
is reused, or the phases would not be what a first visitor meets.
"""

from __future__ import annotations

import errno
import os
import re
import select
import socket
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from collectors.certificates import Certificate, certificate_of
from collectors.http_answer import Answer
from collectors.lookups import Found, Lookup

if TYPE_CHECKING:
    from collectors.cookies import Cookies
    from collectors.tls_stream import TlsStream, Trust

REDIRECTS = frozenset({301, 302, 303, 307, 308})
Failure = Literal[
    "not_allowed",
    "dns",
    "refused",
    "timeout",
    "reset",
    "empty_reply",
    "too_large",
    "tls_expired",
    "tls_self_signed",
    "tls_incomplete_chain",
    "tls_wrong_host",
    "tls_other",
]

_RECEIVE_BYTES = 65536
_NEXT_ADDRESS_AFTER_SECONDS = 0.25
"""An address that has not answered by then is not waited for alone (RFC 8305)."""
_EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ACCEPT = "Accept: text/html,*/*;q=0.8\r\nAccept-Language: id,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"

Result = TypeVar("Result")


class Phases(NamedTuple):
    """How long each phase of a request took, in milliseconds; None where it was not reached or not needed.

    `total_ms` runs from the start to the last byte read, or to the failure.
    """

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0

    def and_then(self, other: Phases) -> Phases:
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


class Reply(NamedTuple):
    """What one request brought: an answer, or how it failed.

    `failure` is None when the answer was read to its end or to PAYLOAD_CAP (`is_cut`); `detail` says more, in
    the words of the system. `headers` have their names in lower case. `http_version` is as the answer names
    it ("1.1"). `payload` is decoded. `redirect_url` is absolute.
    """

    url: str
    failure: Failure | None
    detail: str
    status: int | None
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    is_cut: bool
    redirect_url: str | None
    phases: Phases
    certificate: Certificate | None
    http_version: str | None = None


class Request(NamedTuple):
    """One GET by a visitor, made `delay_seconds` from now and given up after `timeout_seconds`."""

    visitor: Visitor
    url: str
    timeout_seconds: float
    delay_seconds: float = 0.0


Visit = Generator[Request, Reply, Result]


class Manners(NamedTuple):
    """How a visitor presents itself, whom it trusts (`ca_file`, unless not `verify`) and where it may go."""

    user_agent: str
    ca_file: Path
    is_allowed: Callable[[str], bool]
    verify: bool = True


class Visitor:
    """A client with its own cookies, connecting only to addresses that its manners allow.

    The address is tested at each connection, so a redirect or a second DNS answer cannot go around it.
    Proxies of the environment are not used: what is measured is the way to the service.
    """

    __slots__ = ("_cookies", "manners")

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self._cookies: Cookies | None = None

    def take_cookies(self, url: str, headers: tuple[tuple[str, str], ...]) -> None:
        """Keep the cookies of an answer."""
        given = [value for name, value in headers if name == "set-cookie"]
        if given:
            # Slow to import, and few answers that lead elsewhere have any.
            from collectors.cookies import Cookies

            self._cookies = self._cookies or Cookies()
            self._cookies.take(url, given)

    def cookies_for(self, url: str) -> str | None:
        """The value of the Cookie header for a request."""
        return self._cookies.shown_to(url) if self._cookies is not None else None


class Place(NamedTuple):
    """Where a URL leads, read once for the look-up, the connection and the request line alike."""

    is_secure: bool
    host: str
    port: int
    authority: str
    path: str


_SIMPLE = re.compile(r"(https?)://([a-z0-9.-]+)(?::([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}))?(/[^#]*)")


def place_of(url: str) -> Place:
    """The place of an http or https URL in ASCII."""
    if (simple := _SIMPLE.fullmatch(url)) is not None:
        scheme, host, number, path = simple.groups()
        shown, port = host, int(number) if number else _DEFAULT_PORTS[scheme]
    else:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
        port = parts.port or _DEFAULT_PORTS[scheme]
        shown = f"[{host}]" if ":" in host else host
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    authority = shown if port == _DEFAULT_PORTS[scheme] else f"{shown}:{port}"
    return Place(scheme == "https", host, port, authority, path)


class Wires:
    """The sockets of all transfers, and whose each is."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.owners: dict[int, Transfer] = {}

    def add(self, opened: socket.socket, owner: Transfer) -> None:
        number = opened.fileno()
        self.owners[number] = owner
        self.epoll.register(number, _EVENTS)

    def drop(self, opened: socket.socket) -> None:
        """Close a socket; the kernel then watches it no longer."""
        del self.owners[opened.fileno()]
        opened.close()


class Transfer:
    """One request under way, from its connection on: call `on_ready` and `on_time` until `reply` is set."""

    __slots__ = (
        "_addresses",
        "_answer",
        "_connected_at",
        "_connecting",
        "_der",
        "_first_byte_at",
        "_found_ms",
        "_next_at",
        "_place",
        "_request",
        "_secured_at",
        "_socket",
        "_started",
        "_tls",
        "_trust",
        "_unsent",
        "_until",
        "_why_refused",
        "_wires",
        "index",
        "reply",
    )

    def __init__(
        self, index: int, request: Request, place: Place, found: Found, wires: Wires, trust: Trust | None
    ) -> None:
        self.index = index
        """The visit that it is for."""
        self.reply: Reply | None = None
        self._request = request
        self._place = place
        self._wires = wires
        self._trust = trust
        self._found_ms = found.ms
        self._started = time.monotonic()
        self._until = self._started + max(0.001, request.timeout_seconds - found.ms / 1000)
        self._connected_at = self._secured_at = self._first_byte_at = 0.0
        self._answer = Answer()
        self._unsent = b""
        self._connecting: list[socket.socket] = []
        self._socket: socket.socket | None = None
        self._tls: TlsStream | None = None
        self._der: bytes | None = None
        self._why_refused = ""
        self._next_at = self._until
        is_allowed = request.visitor.manners.is_allowed
        self._addresses = [one for one in found.addresses if is_allowed(one)]
        if self._addresses:
            self._connect()
        else:
            self._finish("not_allowed", ", ".join(found.addresses))

    @property
    def due(self) -> float:
        """When `on_time` is to be called, on the monotonic clock."""
        return min(self._next_at, self._until)

    def on_time(self, now: float) -> None:
        """The time has come that `due` said."""
        if now >= self._until:
            self._finish("timeout", "")
        elif now >= self._next_at:
            self._connect()

    def on_ready(self, number: int, events: int) -> None:
        """Something can be done with a socket."""
        opened = self._socket
        if opened is None:
            self._on_connection(number, events)
            return
        try:
            if self._unsent and events & select.EPOLLOUT:
                self._send(b"")
            if events & ~select.EPOLLOUT:
                self._receive(opened, events)
        except OSError as error:
            self._finish("reset", os.strerror(error.errno) if error.errno else str(error))

    def close(self) -> None:
        """Close what is open."""
        for opened in self._connecting:
            self._wires.drop(opened)
        self._connecting.clear()
        if self._socket is not None:
            self._wires.drop(self._socket)
            self._socket = None
        if self._tls is not None:
            self._tls.close()
            self._tls = None

    def _connect(self) -> None:
        """Try the next address, beside those that have not answered yet."""
        while self._addresses:
            address = self._addresses.pop(0)
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            except OSError as error:
                self._why_refused = str(error)  # no such address family on this machine (IPv6, mostly)
                continue
            code = opened.connect_ex((address, self._place.port))
            if code in (0, errno.EINPROGRESS):
                self._connecting.append(opened)
                self._wires.add(opened, self)
                break
            opened.close()
            self._why_refused = os.strerror(code)
        self._next_at = self._until
        if self._addresses:
            self._next_at = time.monotonic() + _NEXT_ADDRESS_AFTER_SECONDS
        elif not self._connecting:
            self._finish("refused", self._why_refused)

    def _on_connection(self, number: int, events: int) -> None:
        opened = next(one for one in self._connecting if one.fileno() == number)
        code = 0
        if events & select.EPOLLERR:
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return  # told of a socket that had this number before and was closed since
        self._connecting.remove(opened)
        if code:
            self._wires.drop(opened)
            self._why_refused = os.strerror(code)
            self._connect()
            return
        for other in self._connecting:
            self._wires.drop(other)
        self._connecting.clear()
        self._next_at = self._until
        self._socket = opened
        self._connected_at = time.monotonic()
        try:
            if self._trust is None:
                self._send(self._question())
            else:
                self._begin_tls(self._trust)
        except OSError as error:
            self._finish("reset", str(error))
            return
        if self.reply is None and events & ~select.EPOLLOUT:
            self.on_ready(number, events)

    def _begin_tls(self, trust: Trust) -> None:
        from collectors.tls_stream import TlsError, TlsStream

        try:
            self._tls = TlsStream(trust, self._place.host)
            self._tls.handshake()
        except TlsError as error:
            self._finish(error.fault, str(error))
        else:
            self._send(self._tls.to_send())

    def _question(self) -> bytes:
        visitor, place = self._request.visitor, self._place
        cookies = visitor.cookies_for(self._request.url)
        kept = f"Cookie: {cookies}\r\n" if cookies else ""
        return (
            f"GET {place.path} HTTP/1.1\r\nHost: {place.authority}\r\n"
            f"User-Agent: {visitor.manners.user_agent}\r\n{_ACCEPT}{kept}Connection: close\r\n\r\n"
        ).encode("latin-1", "replace")

    def _send(self, data: bytes) -> None:
        data = self._unsent + data
        assert self._socket is not None
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        self._unsent = data[sent:]

    def _receive(self, opened: socket.socket, events: int) -> None:
        """Take what has come: all of it, as the kernel tells only of what is new."""
        while self.reply is None:
            try:
                data = opened.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                return
            if self._tls is not None:
                self._take_secured(data, self._tls)
            else:
                self._take(data)
            # Less than there was room for was all there is, but for the end of the connection.
            if len(data) < _RECEIVE_BYTES and not events & _ENDED:
                return

    def _take(self, data: bytes) -> None:
        answer = self._answer
        if data:
            if not self._first_byte_at:
                self._first_byte_at = time.monotonic()
            answer.feed(data)
        else:
            answer.end()
        if answer.is_over:
            self._finish(answer.problem, answer.detail)

    def _take_secured(self, data: bytes, tls: TlsStream) -> None:
        from collectors.tls_stream import TlsError

        try:
            if data:
                tls.receive(data)
            if not self._secured_at:
                if tls.handshake():
                    self._secured_at = time.monotonic()
                    self._der = tls.certificate()
                    tls.write(self._question())
                elif not data:
                    self._finish("tls_other", "closed in the handshake")
                    return
                self._send(tls.to_send())
            if self._secured_at:
                while self.reply is None and (plain := tls.read()) != b"":
                    self._take(plain or b"")
                # A server may want a new handshake or new keys at any time.
                if self.reply is None and (answer := tls.to_send()):
                    self._send(answer)
        except TlsError as error:
            # What breaks once a connection was secure is no fault of its certificate.
            self._finish("reset" if self._secured_at else error.fault, str(error))
            return
        if not data and self.reply is None:
            self._take(b"")

    def _finish(self, failure: Failure | None, detail: str) -> None:
        ended = time.monotonic()
        self.close()
        answer, url = self._answer, self._request.url
        redirect = None
        if answer.status in REDIRECTS and failure is None:
            redirect = _redirect(url, answer.headers)
            self._request.visitor.take_cookies(url, answer.headers)
        connected, secured = self._connected_at, self._secured_at
        ready = secured or connected
        self.reply = Reply(
            url=url,
            failure=failure,
            detail=detail,
            status=answer.status,
            headers=answer.headers,
            payload=answer.payload,
            is_cut=answer.is_cut,
            redirect_url=redirect,
            phases=Phases(
                dns_ms=self._found_ms,
                connect_ms=(connected - self._started) * 1000 if connected else None,
                tls_ms=(secured - connected) * 1000 if secured else None,
                first_byte_ms=(self._first_byte_at - ready) * 1000 if answer.status is not None else None,
                total_ms=self._found_ms + (ended - self._started) * 1000,
            ),
            certificate=certificate_of(self._der) if self._der is not None else None,
            http_version=answer.http_version,
        )


def _redirect(url: str, headers: tuple[tuple[str, str], ...]) -> str | None:
    said = next((value for name, value in headers if name == "location"), "")
    if not said:
        return None
    location = said.encode("latin-1").decode("utf-8", "replace")
    try:
        parts = urlsplit(urljoin(url, location))
        # Names and passwords in it are not sent on, nor recorded.
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return location  # no address, which whoever would go there says


def unresolved(request: Request, lookup: Lookup) -> Reply:
    """The reply where a host was not found, or not in time."""
    found = lookup.found
    return Reply(
        url=request.url,
        failure="timeout" if found is None else "dns",
        detail="" if found is None else found.error,
        status=None,
        headers=(),
        payload=b"",
        is_cut=False,
        redirect_url=None,
        phases=Phases(total_ms=lookup.elapsed_ms if found is None else found.ms),
        certificate=None,
    )
