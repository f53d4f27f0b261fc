"""HTTP requests measured phase by phase, one at a time, over libcurl.

Every request is made on a connection of its own, with a DNS look-up and a TLS handshake of its own: nothing
but the handle is reused, or the phases would not be what a first visitor meets.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pycurl

from collectors.certificates import Certificate, leaf_certificate
from collectors.lookups import Found, Lookup

PAYLOAD_CAP = 1024 * 1024
"""How many decoded bytes of an answer are read; the rest is left on the wire."""

_HTTP_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
}

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
    `http_version` is as the answer names it ("1.1"). `payload` is decoded. `refused_addresses` were resolved
    but not connected to; `was_connecting` tells that a connection was tried to another one. `redirect_url` is
    absolute.
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
    http_version: str | None = None


@dataclass(frozen=True)
class Request:
    """One GET by a visitor, made `delay_seconds` from now and given up after `timeout_seconds`."""

    visitor: Visitor
    url: str
    timeout_seconds: float
    delay_seconds: float = 0.0


Visit = Generator[Request, Reply, Result]


@dataclass(frozen=True)
class Manners:
    """How a visitor presents itself, whom it trusts (`ca_file`, unless not `verify`) and where it may go."""

    user_agent: str
    ca_file: Path
    is_allowed: Callable[[str], bool]
    verify: bool = True


class Handles:
    """libcurl handles to be used again, as making and setting one up takes longer than a fast answer.

    For one thread.
    """

    def __init__(self) -> None:
        self._idle: dict[Manners, list[Handle]] = {}

    def take(self, manners: Manners) -> Handle:
        """A handle without cookies."""
        idle = self._idle.setdefault(manners, [])
        return idle.pop() if idle else Handle(manners)

    def give_back(self, handle: Handle) -> None:
        """End with a handle; its cookies are forgotten."""
        handle.forget()
        self._idle[handle.manners].append(handle)

    def close(self) -> None:
        for idle in self._idle.values():
            for handle in idle:
                handle.curl.close()
        self._idle.clear()


class Visitor:
    """A client with its own cookies, connecting only to addresses that its manners allow.

    The address is tested at each connection, so a redirect or a second DNS answer cannot go around it.
    Proxies of the environment are not used: what is measured is the way to the service.
    """

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._handle: Handle | None = None
        self._handles: Handles | None = None

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None and self._handles is not None:
            self._handles.give_back(self._handle)
        self._handle = None

    def handle_of(self, handles: Handles) -> Handle:
        """The handle that bears this visitor's cookies, one of `handles`."""
        if self._handle is None:
            self._handle, self._handles = handles.take(self._manners), handles
        return self._handle


class Handle:
    """One libcurl handle, for one request at a time: `prepare`, let libcurl run, `reply`."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self._is_allowed = manners.is_allowed
        self._header_lines: list[bytes] = []
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
        curl.setopt(pycurl.USERAGENT, manners.user_agent)
        curl.setopt(pycurl.HTTPHEADER, ["Accept: text/html,*/*;q=0.8", "Accept-Language: id,en;q=0.5"])
        curl.setopt(pycurl.ACCEPT_ENCODING, "")
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.CAINFO, str(manners.ca_file))
        curl.setopt(pycurl.SSL_VERIFYPEER, int(manners.verify))
        curl.setopt(pycurl.SSL_VERIFYHOST, 2 if manners.verify else 0)
        # Without the post-quantum share that OpenSSL adds: a tenth of the CPU, and the hello fits one packet,
        # which old firewalls insist on.
        curl.setopt(pycurl.SSL_EC_CURVES, "X25519:P-256:P-384:P-521")
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.HEADERFUNCTION, self._header_lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def prepare(self, url: str, timeout_seconds: float, lookup: Lookup, found: Found) -> None:
        """Set up for a request, now that its host was found, forgetting the answer before."""
        self._start_afresh()
        self._url = url
        self._lookup_ms = found.ms
        left_ms = max(1, round(timeout_seconds * 1000 - found.ms))
        host, *addresses = (f"[{one}]" if ":" in one else one for one in (lookup.host, *found.addresses))
        self.curl.setopt(pycurl.RESOLVE, [f"{host}:{lookup.port}:{','.join(addresses)}"])
        self.curl.setopt(pycurl.URL, url.encode())
        self.curl.setopt(pycurl.TIMEOUT_MS, left_ms)
        self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, left_ms)

    def forget(self) -> None:
        """Forget the cookies and the last answer."""
        self._close_sockets()
        self._start_afresh()
        self.curl.setopt(pycurl.COOKIELIST, "ALL")

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
            headers=_headers(self._header_lines),
            payload=bytes(self._payload),
            is_cut=self._is_cut,
            redirect_url=redirect.decode("utf-8", "replace") if redirect else None,
            phases=self._phases(answered=status is not None),
            certificate=leaf_certificate(curl.getinfo_raw(pycurl.INFO_CERTINFO) or []),
            verify_result=curl.getinfo(pycurl.SSL_VERIFYRESULT),
            os_errno=curl.getinfo(pycurl.OS_ERRNO),
            refused_addresses=tuple(self._refused),
            was_connecting=self._was_connecting,
            http_version=_HTTP_VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION)),
        )

    def _start_afresh(self) -> None:
        self._url = ""
        self._header_lines.clear()
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

    def _take_body(self, chunk: bytes) -> int:
        room = PAYLOAD_CAP - len(self._payload)
        self._payload += chunk[:room]
        self._is_cut = len(chunk) > room
        # Taking less than was offered ends the transfer.
        return min(len(chunk), room)


def _headers(lines: Sequence[bytes]) -> tuple[tuple[str, str], ...]:
    """Names and values of the last answer: interim ones (100, 103) may have come before."""
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if name.startswith("HTTP/"):
            headers.clear()
        elif colon:
            headers.append((name.strip(), value.strip()))
    return tuple(headers)


def unresolved(request: Request, lookup: Lookup) -> Reply:
    """The reply where a host was not found, or not in time."""
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
