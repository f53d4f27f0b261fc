"""Local web sites with the faults that real ones have, for tests that go over real connections."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PAGE = "<html><head><title>Kota Contoh</title></head><body>Layanan &amp; Informasi\n Publik</body></html>"
WAF_PAGE = (
    b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    b"Your support ID is: 123456</body></html>"
)
LOGIN_PAGE = b"<title>Login</title><form><input type='password' name='sandi'></form>"


def _answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _html(body: bytes, *headers: str) -> bytes:
    return _answer("200 OK", body, "Content-Type: text/html", *headers)


ANSWERS: dict[str, bytes] = {
    "/ok": _html(PAGE.encode()),
    "/gzip": _html(gzip.compress(PAGE.encode()), "Content-Encoding: gzip"),
    "/latin": _answer("200 OK", b"Pelayanan caf\xe9", "Content-Type: text/html; charset=ISO-8859-1"),
    "/meta": _html(b"<meta charset='windows-1252'><p>Pelayanan caf\xe9"),
    "/odd-charset": _html(b"Pelayanan caf\xc3\xa9", "Content-Type: text/html; charset=ngawur"),
    "/big": _html(b"x" * (2 * 1024 * 1024) + b"Akhir"),
    "/bomb": _html(gzip.compress(b"x" * (64 * 1024 * 1024)), "Content-Encoding: gzip"),
    "/empty-page": _html(b""),
    "/no-length": b"HTTP/1.1 200 OK\r\n\r\n" + PAGE.encode(),
    "/early-hints": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Type: text/html; charset=UTF-16\r\n\r\n" + _html(PAGE.encode())
    ),
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbaru mulai",
    "/garbage": b"\x16\x03\x01 ini bukan HTTP\r\n\r\n",
    "/not-gzip": _html(b"bukan gzip sama sekali", "Content-Encoding: gzip"),
    "/gzip-cut": _html(gzip.compress(PAGE.encode())[:-20], "Content-Encoding: gzip"),
    "/silent": b"",
    "/rich": _html(
        b"<html lang=id><title> Kota &amp;\nContoh</title><p>Layanan yang mudah dan cepat untuk warga dari "
        b"dinas dan kantor pada hari kerja",
        "Strict-Transport-Security: max-age=31536000",
        "X-Frame-Options: DENY",
        "X-Lain: ya",
    ),
    "/json": _answer(
        "200 OK", b'{"status": "ok", "siap": true, "db": [{"a/b": 1}]}', "Content-Type: application/json"
    ),
    "/hacked": _html(PAGE.encode() + b"<div style=display:none><a href=//x.example/>slot gacor</a></div>"),
    "/404": _answer("404 Not Found", b"tidak ada"),
    "/403": _answer("403 Forbidden", b"tidak boleh"),
    "/429": _answer("429 Too Many Requests"),
    "/500": _answer("500 Internal Server Error"),
    "/503": _answer("503 Service Unavailable"),
    "/304": _answer("304 Not Modified"),
    "/waf": _html(WAF_PAGE),
    "/quotes-waf": _html(b"<h1>Layanan</h1>" + WAF_PAGE),
    "/waf-403": _answer("403 Forbidden", WAF_PAGE),
    "/challenge": _answer("403 Forbidden", b"<title>Just a moment...</title>", "cf-mitigated: challenge"),
    "/login": _html(LOGIN_PAGE),
    "/to-ok": _answer("302 Found", b"pindah", "Location: /ok"),
    "/to-404": _answer("301 Moved Permanently", b"", "Location: /404"),
    "/loop": _answer("302 Found", b"", "Location: /loop"),
    "/to-ftp": _answer("302 Found", b"", "Location: ftp://127.0.0.1/berkas"),
    "/to-file": _answer("302 Found", b"", "Location: file:///etc/passwd"),
    "/set-cookie": _answer("302 Found", b"", "Set-Cookie: kunjungan=1; Path=/", "Location: /needs-cookie"),
}
"""Whole answers, by path."""


class Site:
    """One site on a port of 127.0.0.1; `hits` counts the requests that reached it, by path.

    Beside ANSWERS: ``/hang`` never answers, ``/drip`` sends a byte now and then, ``/reset`` cuts the
    connection hard, ``/needs-cookie`` is up with the cookie and loops without, ``/once`` fails the first time
    only, ``/hops/N`` redirects N times before it is up, ``/slow/N`` so too with a pause of 0.2 s each time,
    ``/endless`` sends a page without end, ``/away/URL`` redirects to URL. `busiest` is the largest number of
    requests that were answered at one time. A site that `slams` cuts every connection hard at its first byte;
    over TLS it says that it has sent all, and waits for the client to say so too.
    """

    def __init__(
        self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", slams: bool = False
    ) -> None:
        self._context = context
        self._slams = slams
        self._busy = 0
        self._lock = threading.Lock()
        self.busiest = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=256)
        self._stop = threading.Event()
        self.hits: dict[str, int] = {}
        self.agents: set[str] = set()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        # Closing alone would leave the accepting thread where it is.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        client.settimeout(20)
        # A client that refuses the certificate or gives up is what many of these tests are about.
        with client, suppress(OSError):
            if self._slams:
                client.recv(1)
                _cut_on_close(client)
                return
            if self._context is None:
                self._respond(client)
                return
            with self._context.wrap_socket(client, server_side=True) as secured:
                self._respond(secured)
                secured.unwrap()

    def _respond(self, client: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = client.recv(4096)
            if not chunk:
                return
            request += chunk
            if request.startswith(b"\x16"):  # a TLS client, on a port that speaks none
                client.sendall(_answer("400 Bad Request"))
                return
        head = request.decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        self.hits[path] = self.hits.get(path, 0) + 1
        self.agents.add(named.get("user-agent", ""))
        match path.split("/")[1:]:
            case ["hang"]:
                self._stop.wait(20)
            case ["drip"]:
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                while not self._stop.wait(0.1):
                    client.sendall(b".")
            case ["reset"]:
                _cut_on_close(client)
                raise ConnectionResetError
            case ["endless"]:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not self._stop.is_set():
                    client.sendall(b"x" * 65536)
            case ["slow", _]:
                with self._lock:
                    self._busy += 1
                    self.busiest = max(self.busiest, self._busy)
                self._stop.wait(0.2)
                with self._lock:
                    self._busy -= 1
                client.sendall(self._answer(path, ""))
            case _:
                client.sendall(self._answer(path, named.get("cookie", "")))

    def _answer(self, path: str, cookie: str) -> bytes:
        match path.split("/")[1:]:
            case ["needs-cookie"] if "kunjungan=1" not in cookie:
                return _answer("302 Found", b"", "Location: /needs-cookie")
            case ["once"] if self.hits[path] == 1:
                return ANSWERS["/503"]
            case [("hops" | "slow") as way, left] if left != "0":
                return _answer("302 Found", b"", f"Location: /{way}/{int(left) - 1}")
            case ["away", *rest]:
                return _answer("302 Found", b"", f"Location: {'/'.join(rest)}")
            case ["needs-cookie"] | ["once"] | ["hops" | "slow", _]:
                return ANSWERS["/ok"]
        return ANSWERS[path]


def _cut_on_close(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def site(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1", slams: bool = False
) -> Iterator[Site]:
    """A site that lives as long as the context."""
    served = Site(context, host, slams)
    try:
        yield served
    finally:
        served.close()


def closed_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Pki:
    """Certificates good and bad for 127.0.0.1, and the file of the one issuer that is to be trusted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._root.cert_pem.write_to_path(str(self.ca_file))
        self.ends = datetime(2031, 5, 1, tzinfo=UTC)
        self.ended = datetime(2020, 1, 1, tzinfo=UTC)
        intermediate = self._root.create_child_ca()
        self.intermediate_file = folder / "intermediate.pem"
        intermediate.cert_pem.write_to_path(str(self.intermediate_file))
        stranger = trustme.CA()
        self.contexts: dict[str, ssl.SSLContext] = {
            "good": self._issued(self._root.issue_cert("127.0.0.1", "localhost", not_after=self.ends)),
            "whole_chain": self._issued(intermediate.issue_cert("127.0.0.1")),
            "expired": self._issued(
                self._root.issue_cert(
                    "127.0.0.1", not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=self.ended
                )
            ),
            "wrong_host": self._issued(self._root.issue_cert("lain.contoh.test")),
            "incomplete_chain": self._issued(intermediate.issue_cert("127.0.0.1"), certificates=1),
            "unknown_root": self._issued(stranger.issue_cert("127.0.0.1"), root=stranger),
            "self_signed": self._self_signed(),
            "too_old": self._issued(self._root.issue_cert("127.0.0.1")),
            "tls_1_2": self._issued(self._root.issue_cert("127.0.0.1")),
            "wildcard": self._issued(self._root.issue_cert("*.contoh.test")),
        }
        self.contexts["tls_1_2"].maximum_version = ssl.TLSVersion.TLSv1_2
        # Nothing that a client of today would agree to.
        self.contexts["too_old"].minimum_version = ssl.TLSVersion.TLSv1_2
        self.contexts["too_old"].maximum_version = ssl.TLSVersion.TLSv1_2
        self.contexts["too_old"].set_ciphers("NULL-SHA256:@SECLEVEL=0")

    def _issued(
        self, leaf: trustme.LeafCert, certificates: int = 9, root: trustme.CA | None = None
    ) -> ssl.SSLContext:
        chain = [*leaf.cert_chain_pems[:certificates], *([root.cert_pem] if root else [])]
        return self._context(leaf.private_key_pem.bytes() + b"".join(pem.bytes() for pem in chain))

    def _self_signed(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.ends - timedelta(days=6000))
            .not_valid_after(self.ends)
            .add_extension(address, critical=False)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._context(private + certificate.public_bytes(serialization.Encoding.PEM))

    def _context(self, pem: bytes) -> ssl.SSLContext:
        file = self._folder / "leaf.pem"
        file.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context
