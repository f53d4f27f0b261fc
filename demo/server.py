"""The city on the wire: real HTTP and HTTPS servers on 127.0.0.1, and its drop folder.

All HTTP endpoints share one port. Every HTTPS endpoint has a port of its own, counted up from the first: a
server shows its certificate before it learns which page is asked for, and so each can have its own bad one.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import selectors
import socket
import ssl
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo import catalogue, inventory, legal, pki, statements
from demo.city import BY_NAME, ENDPOINTS, HTTPS_NAMES, Endpoint, Page, faults_of_day
from demo.faults import (
    BLOCK_PAGE,
    GZIP_BOMB,
    HEADERS,
    KINDS,
    LOGIN_PAGE,
    SPAM,
    SPAM_TITLE,
    STATUSES,
    FaultError,
    FaultKind,
    damaged,
    possible,
)

HOST = "127.0.0.1"
HTTP_PORT = 8717
HTTPS_PORT = 8718
"""The ports written in config/kota-contoh.yml."""
CONFIG = Path(__file__).resolve().parent.parent / "config" / "kota-contoh.yml"
FOLDER = CONFIG.parent / ".." / "data" / "demo"
"""The folder written in config/kota-contoh.yml, relative to that file."""
_WRITTEN_FOLDER = '"../data/demo/'

_SOURCES = {"jdihn": "application/json", "csv": "text/csv; charset=utf-8", "xlsx": inventory.MEDIA_TYPE}
_HTML = "text/html; charset=UTF-8"
_CERTIFICATES: Mapping[str, pki.CertificateKind] = {
    "tls_expired": "expired",
    "tls_expiring": "expiring",
    "tls_self_signed": "self_signed",
    "tls_wrong_host": "wrong_host",
    "tls_incomplete": "incomplete",
}
_DRIP_SECONDS = 0.2
_CLIENT_SECONDS = 20.0


class PortBusyError(Exception):
    """A port the city needs is taken or not allowed; the message names it."""

    def __init__(self, port: int, is_https: bool, reason: str) -> None:
        self.port, self.is_https = port, is_https
        super().__init__(f"port {port} on {HOST} cannot be used ({reason})")


class _Door(ThreadingHTTPServer):
    """One listening socket. The city's one thread accepts for all doors; each request has a thread."""

    daemon_threads = False  # so that server_close() waits for every request under way
    timeout = 0
    request_queue_size = 64

    def __init__(self, city: DemoCity, port: int, https_name: str | None) -> None:
        self.city, self.https_name = city, https_name
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse DNS look-up of http.server, which can take seconds."""
        TCPServer.server_bind(self)
        # A client that is gone before it is accepted must not block the doors behind it.
        self.socket.setblocking(False)
        self.server_name, self.server_port = HOST, int(self.socket.getsockname()[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, after the TLS handshake where there is one."""
        request.settimeout(_CLIENT_SECONDS)
        if self.https_name is not None:
            context = self.city.context(self.https_name)
            request = context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self.lock:
            self.connections.add(request)
        try:
            if isinstance(request, ssl.SSLSocket):
                request.do_handshake()
            _Handler(request, client_address, self)
        finally:
            with self.lock:
                self.connections.discard(request)
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up or refuse a certificate: that is what faults are for."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Break every connection, so that no request outlives the city."""
        with self.lock:
            for connection in self.connections:
                with suppress(OSError):  # already broken by the client
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Door
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "KotaContoh", ""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        self.close_connection = True
        city = self.server.city
        parts = urlsplit(self.path)
        if parts.path == "/robots.txt" and (forbidden := city.forbidden_by_robots(self.server.https_name)):
            rules = "".join(f"Disallow: {path}\n" for path in forbidden)
            self._send(200, "text/plain", f"User-agent: *\n{rules}".encode())
            return
        endpoint = _endpoint_at(parts.path)
        if endpoint is None:
            self._send(404, _HTML, _error_page("404 Halaman tidak ditemukan"))
            return
        fault = city.fault_of(endpoint.name)
        if fault == "hang":
            city.closing.wait()
        elif fault == "empty_reply":
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection.unwrap()
        elif fault is not None and fault in STATUSES:
            body = _error_page(f"{STATUSES[fault]} Layanan sedang gangguan")
            self._send(STATUSES[fault], _HTML, body, HEADERS.get(fault, {}))
        elif fault in ("block_page", "login_page"):
            self._send(200, _HTML, BLOCK_PAGE if fault == "block_page" else LOGIN_PAGE)
        elif fault in ("redirect_loop", "redirect_away"):
            self._send(302, _HTML, b"", HEADERS.get(fault, {"Location": self.path}))
        elif fault == "gzip_bomb":
            self._send(200, _HTML, GZIP_BOMB, HEADERS[fault])
        else:
            if fault == "slow":
                city.closing.wait(city.slow_seconds)
            status, media_type, body = city.content(endpoint, parts.path, parts.query, fault)
            self._send(status, media_type, damaged(body, fault), is_dripping=fault == "drip")

    def _send(
        self,
        status: int,
        media_type: str,
        body: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
        is_dripping: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        for name, value in headers.items():
            self.send_header(name, value)
        is_packed = "Content-Encoding" in headers
        if "gzip" in self.headers.get("Accept-Encoding", "") and not (is_dripping or is_packed):
            # A fixed time in the gzip header: the same body has the same bytes.
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if not is_dripping:
            self.wfile.write(body)
            return
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            if self.server.city.closing.wait(_DRIP_SECONDS):
                return


class DemoCity:
    """The running city. Use it as a context manager; `day` and the faults may change while it runs.

    `faults` maps endpoint names to kinds (`demo.faults.FaultKind`). Port 0 takes free ones. `folder` holds
    the CA file and the drop folder. `today` is the date of the city's first day, from which the dates in its
    documents count (default: the present date, in UTC).
    Raises PortBusyError, or FaultError for a fault that an endpoint cannot have.
    """

    def __init__(
        self,
        *,
        folder: Path,
        today: date | None = None,
        day: int = 1,
        faults: Mapping[str, str] | None = None,
        http_port: int = 0,
        https_port: int = 0,
        slow_seconds: float = 3.0,
    ) -> None:
        now = datetime.now(UTC)
        self.folder = folder
        self.today = today or now.date()
        self.slow_seconds = slow_seconds
        self.closing = threading.Event()
        self._day = _checked_day(day)
        self._faults: dict[str, FaultKind] = {}
        self._tokens = itertools.count(1)
        self._ports = (http_port, https_port)
        self._doors: list[_Door] = []
        self._acceptor = threading.Thread(target=self._accept, name="kota-contoh")
        for name, kind in (faults or {}).items():
            self._faults[name] = _checked_fault(name, kind)
        self._pki = pki.create(folder / "pki", now)

    def __enter__(self) -> DemoCity:
        http_port, https_port = self._ports
        self._waker, self._wake = socket.socketpair()
        try:
            self._open(http_port, None)
            for at, name in enumerate(HTTPS_NAMES):
                self._open(https_port and https_port + at, name)
        except PortBusyError:
            self._shut()
            raise
        self._write_folder()
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._wake.send(b"x")
        self._acceptor.join()
        self._shut()

    # What is where ------------------------------------------------------------------------------------------

    @property
    def http_url(self) -> str:
        """Where the plain endpoints are, without a trailing slash."""
        return f"http://{HOST}:{self._doors[0].server_port}"

    @property
    def https_url(self) -> str:
        """Where the first HTTPS endpoint (the portal) is; every other path is served there too."""
        return f"https://{HOST}:{self._doors[1].server_port}"

    @property
    def ca_file(self) -> Path:
        """The CA certificate that trusts the city's HTTPS endpoints."""
        return self._pki.ca_file

    @property
    def drop_folder(self) -> Path:
        """Where the register of statements and its evidence files lie."""
        return self.folder / "berkas"

    def url(self, name: str) -> str:
        """The address of an endpoint; for the one in the drop folder, its path."""
        endpoint = BY_NAME[name]
        if endpoint.kind == "attestations":
            return str(self.drop_folder / endpoint.path)
        if not endpoint.is_https:
            return self.http_url + endpoint.path
        return f"https://{HOST}:{self.https_port(name)}{endpoint.path}"

    def https_port(self, name: str) -> int:
        """The port of an HTTPS endpoint."""
        return self._doors[1 + HTTPS_NAMES.index(name)].server_port

    # What happens -------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """The day of the city, from 1."""
        return self._day

    @day.setter
    def day(self, value: int) -> None:
        self._day = _checked_day(value)
        self._write_folder()

    def set_fault(self, name: str, kind: str) -> None:
        """Let an endpoint fail from the next request on; a fault set here goes before that of the day."""
        self._faults[name] = _checked_fault(name, kind)
        self._write_folder()

    def clear_fault(self, name: str | None = None) -> None:
        """Take back the fault of one endpoint, or every fault set; those of the day remain."""
        if name is None:
            self._faults.clear()
        else:
            self._faults.pop(name, None)
        self._write_folder()

    def fault_of(self, name: str) -> FaultKind | None:
        """The fault an endpoint has now."""
        return self._faults.get(name) or faults_of_day(self._day).get(name)

    def forbidden_by_robots(self, https_name: str | None) -> list[str]:
        """The paths that robots.txt of an HTTPS endpoint, or of the plain ones together, forbids."""
        at_door = [e for e in ENDPOINTS if e.name == https_name or (https_name is None and not e.is_https)]
        return [e.path for e in at_door if self.fault_of(e.name) == "robots_forbid"]

    def context(self, name: str) -> ssl.SSLContext:
        """The TLS context with the certificate that an HTTPS endpoint shows now."""
        return self._pki.contexts[_CERTIFICATES.get(self.fault_of(name) or "", "good")]

    def content(
        self, endpoint: Endpoint, path: str, query: str, fault: FaultKind | None
    ) -> tuple[int, str, bytes]:
        """Status, media type and body that an endpoint answers with, before its bytes are damaged."""
        if endpoint.kind == "jdihn":
            return 200, _SOURCES["jdihn"], legal.feed_body(self._day, self.today, fault)
        if endpoint.kind == "csv":
            return 200, _SOURCES["csv"], inventory.csv_body(fault)
        if endpoint.kind == "xlsx":
            return 200, _SOURCES["xlsx"], inventory.xlsx_body(fault)
        asked = parse_qs(query)
        if endpoint.kind == "ckan":
            return 200, "application/json", catalogue.catalogue_body(asked, self.today, fault)
        if endpoint.kind == "html":
            return self._listing(path, asked, fault)
        return 200, _HTML, _page_body(endpoint.page or Page("", ""), asked.get("q", [""])[0], fault)

    def _listing(
        self, path: str, asked: Mapping[str, list[str]], fault: FaultKind | None
    ) -> tuple[int, str, bytes]:
        token = f"karangan-{next(self._tokens):08d}"
        if path == "/dokumen/peraturan":
            return 200, _HTML, legal.listing_body(_whole(asked, "page"), token, fault)
        detail = legal.detail_body(_whole(asked, "id"), token) if path == "/dokumen/view" else None
        if detail is None:
            # ILDIS answers 500 to an unknown document.
            return 500, _HTML, _error_page("500 Dokumen tidak ditemukan")
        return 200, _HTML, detail

    # How it runs --------------------------------------------------------------------------------------------

    def _open(self, port: int, https_name: str | None) -> None:
        try:
            self._doors.append(_Door(self, port, https_name))
        except OSError as error:
            raise PortBusyError(port, https_name is not None, error.strerror or str(error)) from error
        except OverflowError as error:
            raise PortBusyError(port, https_name is not None, "ports end at 65535") from error

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._waker, selectors.EVENT_READ)
            for door in self._doors:
                selector.register(door, selectors.EVENT_READ, door)
            while not self.closing.is_set():
                for key, _ in selector.select():
                    if isinstance(key.data, _Door):
                        key.data.handle_request()

    def _shut(self) -> None:
        for door in self._doors:
            door.hang_up()
        for door in self._doors:
            door.server_close()
        self._waker.close()
        self._wake.close()

    def _write_folder(self) -> None:
        statements.write_folder(self.drop_folder, self._day, self.today, self.fault_of("pernyataan"))


def render_config(city: DemoCity) -> str:
    """The text of config/kota-contoh.yml for this city: its ports and folder in place of the fixed ones."""
    ports = {HTTPS_PORT + at: city.https_port(name) for at, name in enumerate(HTTPS_NAMES)}
    text = CONFIG.read_text(encoding="utf-8").replace(f"http://{HOST}:{HTTP_PORT}", city.http_url)
    text = re.sub(rf"https://{re.escape(HOST)}:(\d+)", lambda m: f"https://{HOST}:{ports[int(m[1])]}", text)
    if city.folder.resolve() == FOLDER.resolve():
        return text
    # Paths stand in double quotes there; JSON escapes what YAML's double quotes need escaped.
    return text.replace(_WRITTEN_FOLDER, json.dumps(f"{city.folder.resolve()}/", ensure_ascii=False)[:-1])


def _checked_day(day: int) -> int:
    if day < 1:
        raise ValueError(f"day {day}: the city's days are counted from 1")
    return day


def _checked_fault(name: str, kind: str) -> FaultKind:
    endpoint = BY_NAME.get(name)
    if endpoint is None:
        raise FaultError(f"no endpoint {name!r} in the city; there are: {', '.join(BY_NAME)}")
    allowed = possible(endpoint.kind, endpoint.is_https)
    for known in KINDS:
        if known == kind and known in allowed:
            return known
    raise FaultError(f"{name} cannot have the fault {kind!r}; it can have: {', '.join(allowed)}")


def _endpoint_at(path: str) -> Endpoint | None:
    if path == "/":
        return BY_NAME["portal"]
    return next((e for e in ENDPOINTS if e.kind != "attestations" and path.startswith(e.path)), None)


def _whole(asked: Mapping[str, list[str]], key: str) -> int:
    text = asked.get(key, ["1"])[0]
    return int(text) if text.isascii() and text.isdigit() else 1


def _error_page(message: str) -> bytes:
    return f"<!DOCTYPE html><html lang='id'><title>{message}</title><h1>{message}</h1></html>".encode()


def _page_body(page: Page, wanted: str, fault: FaultKind | None) -> bytes:
    if fault == "empty_listing":
        return b"<!DOCTYPE html><html lang='id'><title></title><body></body></html>"
    found = [row for row in page.rows if wanted.lower() in row.lower()]
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell.strip())}</td>" for cell in row.split("|")) + "</tr>"
        for row in found
    )
    search = ""
    if page.rows:
        search = (
            f'<form action="" method="get"><input type="search" name="q" value="{escape(wanted)}">'
            f"<button>Cari</button></form><p>{len(found)} hasil</p><table>{rows}</table>"
        )
    is_hacked = fault == "hacked_page"
    title, hidden = (SPAM_TITLE, SPAM) if is_hacked else (page.heading, "")
    return (
        '<!DOCTYPE html>\n<html lang="id"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head><body><h1>{escape(page.heading)}</h1><p>{escape(page.lead)}</p>{search}"
        f"<footer>© Pemerintah Kota Contoh (karangan)</footer>{hidden}</body></html>"
    ).encode()
