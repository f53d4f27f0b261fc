"""requests under one deadline: the sockets, pools and TLS context of a session.

A timeout of requests holds for one wait only, and a server that sends a byte a second restarts it for ever.
Here every wait of a transfer (connecting, handshake, headers, body) ends at the same moment. The addresses a
connection really goes to are checked where it is made, so a name that changes its mind gains nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

from collectors.addresses import Reach, is_public
from collectors.certificates import CIPHERS

_OP_LEGACY_SERVER_CONNECT = 0x4
"""Servers without the renegotiation of 2010: OpenSSL's number, which Python names from 3.12 on."""


class OutOfReachError(Exception):
    """A connection would go where it must not; the message says where."""


class Limits:
    """What holds for the transfer under way; every socket of the session asks it before it waits.

    `reach` judges host and numeric address of every connection that goes through no proxy.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.are_private_addresses_allowed = True
        """Not once a redirect has come from a public host, whatever `reach` says."""
        self.public_hosts: set[str] = set()
        """Hosts found to be on the public internet, reached without a proxy."""
        self._until = 0.0

    def start(self, seconds: float) -> None:
        """Begin a transfer that must be over in `seconds`."""
        self._until = time.monotonic() + seconds

    def postpone(self, seconds: float) -> None:
        """Time spent waiting on purpose does not count."""
        self._until += seconds

    def remaining(self) -> float:
        """Seconds left; raises TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the whole transfer has passed")
        return left


class SingleStepSession(requests.Session):
    """A session that never looks at redirects.

    Even when told not to follow them, requests prepares the next request, and reads the whole body for it,
    past every limit.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        return None


class BoundedAdapter(HTTPAdapter):
    """requests over the session's own pools and its single TLS context.

    Left alone, requests loads the certificate bundle again for every connection (about 20 ms each).
    """

    def __init__(self, context: ssl.SSLContext, limits: Limits) -> None:
        self._context = context
        context.sslsocket_class, self._pools = _classes(limits)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context} if host["scheme"] == "https" else {}

    def close(self) -> None:
        # urllib3 leaves this to the garbage collector, which may be long in coming.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 (not iterable by design)
                manager.pools[key].close()
        super().close()

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the context already says what is verified."""


def tls_context(ca_file: Path | None, verify: bool) -> ssl.SSLContext:
    """A client context that trusts the usual roots and those in `ca_file`, or anyone when not `verify`.

    Raises OSError (ssl.SSLError is one) when `ca_file` cannot be used.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    # As browsers do and uptime checks: the ssl module alone offers less, and refuses more.
    context.set_ciphers(CIPHERS)
    context.options |= _OP_LEGACY_SERVER_CONNECT
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _classes(limits: Limits) -> tuple[type[ssl.SSLSocket], dict[str, type[HTTPConnectionPool]]]:
    """Socket and pool classes bound to `limits`.

    Made per session because the ssl module makes its sockets itself and can be given nothing but a class.
    """

    class PlainSocket(socket.socket):
        def recv_into(self, *args: Any, **kwargs: Any) -> int:
            self.settimeout(limits.remaining())
            return super().recv_into(*args, **kwargs)

    class TlsSocket(ssl.SSLSocket):
        def recv_into(self, *args: Any, **kwargs: Any) -> int:
            self.settimeout(limits.remaining())
            return super().recv_into(*args, **kwargs)

    def connected(host: str, port: int, is_proxy: bool) -> socket.socket:
        # Asked here too: what reads a URL before and what connects may read odd ones differently.
        if not (is_proxy or limits.reach.allows_host(host)):
            raise OutOfReachError(f"leads to {host}, outside the domains that may be visited")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        inside = [str(a[4][0]) for a in found if not is_public(str(a[4][0]))]
        for address in inside:
            # One such address among public ones is enough: the next connection might take it.
            if not (is_proxy or (limits.are_private_addresses_allowed and limits.reach.allow_private)):
                raise OutOfReachError(f"leads into a private network ({host} is {address})")
        if not inside and not is_proxy:
            limits.public_hosts.add(host.lower())
        problem: OSError = OSError(f"{host} has no address")
        for tried, (family, kind, protocol, _, place) in enumerate(found):
            opened = PlainSocket(family, kind, protocol)
            try:
                # An address that is dead leaves the others their share of the time.
                opened.settimeout(limits.remaining() / (len(found) - tried))
                opened.connect(place)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # The TLS handshake that follows waits no longer than this as a whole.
                opened.settimeout(limits.remaining())
            except OSError as error:
                opened.close()
                problem = error
                continue
            return opened
        # urllib3 takes a bare reset for one while it sends, and reads on from a socket that is none.
        raise ProtocolError("Connection aborted.", problem) from problem

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self._dns_host, self.port, self.proxy is not None)

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self._dns_host, self.port, self.proxy is not None)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return TlsSocket, {"http": PlainPool, "https": TlsPool}
