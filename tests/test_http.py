"""The one way out: every promise held against real servers on this machine."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors.addresses import Reach
from collectors.block_pages import blocked_reason
from collectors.bodies import decode_body
from collectors.evidence import Fetched
from collectors.fetch_error import FetchError
from collectors.http import HttpSession

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOCAL = Reach(allow_private=True)
Page = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with the page registered for the path, and remembers what was asked."""

    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.pages.get(self.path, not_found)(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def not_found(handler: Handler) -> None:
    handler.answer(404)


class Site(ThreadingHTTPServer):
    """A real server; a client that hangs up is part of several tests."""

    daemon_threads = False

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "http" if context is None else "https"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet."""


def running(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.closing.set()
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=5) as opened:
        yield opened


def failure(session: HttpSession, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        session.get(url)
    assert str(caught.value).startswith(url)
    return caught.value


# What comes back -----------------------------------------------------------------------------------------


def test_a_gzip_body_is_kept_as_sent_and_decoded_on_request(site: Site, session: HttpSession) -> None:
    sent = gzip.compress(b"isi" * 100)
    site.pages["/a"] = lambda h: h.answer(200, sent, Content_Encoding="gzip", Content_Type="text/plain")
    fetched = session.get(site.url("/a"))
    assert (fetched.status, fetched.reason, fetched.body) == (200, "OK", sent)
    assert decode_body(fetched) == b"isi" * 100
    assert fetched.fetched_at == NOON
    assert ("Content-Type", "text/plain") in fetched.headers


@pytest.mark.parametrize("window", [zlib.MAX_WBITS, -zlib.MAX_WBITS])
def test_deflate_is_read_with_and_without_its_header(window: int) -> None:
    packer = zlib.compressobj(wbits=window)
    body = packer.compress(b"isi" * 100) + packer.flush()
    assert decode_body(encoded(body, "deflate")) == b"isi" * 100


def test_several_gzip_members_are_one_body_and_false_claims_are_forgiven() -> None:
    two = gzip.compress(b"satu ") + gzip.compress(b"dua") + b"\0" * 8
    assert decode_body(encoded(two, "gzip")) == b"satu dua"
    assert decode_body(encoded(b"[]", "gzip")) == b"[]"


@pytest.mark.parametrize(
    ("body", "encoding", "said"),
    [
        (gzip.compress(b"isi" * 99, mtime=0)[:-12], "gzip", "ends early"),
        (gzip.compress(b"isi" * 99, mtime=0)[:-8] + bytes(8), "gzip", "damaged"),
        (b"isi", "br", "'br'"),
    ],
)
def test_a_body_that_cannot_be_decoded_says_why(body: bytes, encoding: str, said: str) -> None:
    with pytest.raises(FetchError, match=said) as caught:
        decode_body(encoded(body, encoding))
    assert caught.value.kind == "connection"


def encoded(body: bytes, encoding: str) -> Fetched:
    return Fetched("http://contoh.test/", NOON, 200, "OK", (("Content-Encoding", encoding),), body)


def test_a_chunked_body_is_recorded_without_its_chunks(site: Site, session: HttpSession) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nsat\r\n4\r\nu du\r\n1\r\na\r\n0\r\n\r\n")

    site.pages["/c"] = chunked
    fetched = session.get(site.url("/c"))
    assert fetched.body == b"satu dua"
    assert "transfer-encoding" not in {name.lower() for name, _ in fetched.headers}


@pytest.mark.parametrize("status", [204, 304, 403, 404, 410])
def test_any_status_is_an_answer(site: Site, session: HttpSession, status: int) -> None:
    site.pages["/s"] = lambda h: h.answer(status)
    assert session.get(site.url("/s")).status == status
    assert len(site.asked) == 1


def test_repeated_headers_are_kept_and_credentials_are_not(
    site: Site, session: HttpSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login budi password rahasia\n")
    monkeypatch.setenv("NETRC", str(netrc))

    def two_cookies(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Set-Cookie", "a=1")
        handler.send_header("Set-Cookie", "b=2")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.pages["/k"] = two_cookies
    first, second = session.get(site.url("/k")), session.get(site.url("/k"), headers={"X-Tanya": "ya"})
    assert [v for n, v in first.headers if n == "Set-Cookie"] == ["a=1", "b=2"]
    assert site.asked[1][1]["Cookie"] == "a=1; b=2"
    assert "Authorization" not in site.asked[0][1]
    recorded = dict(second.request_headers)
    assert recorded["X-Tanya"] == "ya" and "PantauSPBE" in recorded["User-Agent"]
    assert "Cookie" not in recorded


# Limits --------------------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_refused(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    assert len(bomb) < 1_000_000
    site.pages["/b"] = lambda h: h.answer(200, bomb, Content_Encoding="gzip")
    with HttpSession(clock=lambda: NOON, reach=LOCAL, max_bytes=1_000_000) as session:
        error = failure(session, site.url("/b"))
    assert error.kind == "too_large" and "1000000" in error.message


def test_a_body_announced_too_long_is_not_read(site: Site) -> None:
    site.pages["/l"] = lambda h: h.answer(200, b"x" * 5000)
    with HttpSession(clock=lambda: NOON, reach=LOCAL, max_bytes=4000) as session:
        error = failure(session, site.url("/l"))
    assert error.kind == "too_large" and "announces 5000" in error.message


def test_a_body_without_a_length_is_cut_off(site: Site) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        while not handler.server.closing.is_set():
            handler.wfile.write(b"x" * 10_000)

    site.pages["/e"] = endless
    with HttpSession(clock=lambda: NOON, reach=LOCAL, max_bytes=100_000) as session:
        assert failure(session, site.url("/e")).kind == "too_large"


def drip(handler: Handler, before: bytes, byte: bytes) -> None:
    handler.wfile.write(before)
    handler.close_connection = True
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(byte)
        handler.wfile.flush()


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"", id="status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Panjang: ", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunk size"),
    ],
)
def test_a_dripping_server_meets_the_deadline(site: Site, before: bytes) -> None:
    # Each byte comes well within a timeout that holds for one read only.
    site.pages["/d"] = lambda h: drip(h, before, b"0")
    started = time.monotonic()
    with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=0.5) as session:
        error = failure(session, site.url("/d"))
    assert error.kind == "timeout" and "0.5 s" in error.message
    assert 0.4 < time.monotonic() - started < 1.5
    assert len(site.asked) == 1


def test_a_silent_tls_server_meets_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        started = time.monotonic()
        with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=0.4) as session:
            error = failure(session, f"https://127.0.0.1:{listening.getsockname()[1]}/")
    assert error.kind == "timeout"
    assert time.monotonic() - started < 1.5


def test_the_deadline_counts_the_redirects_too(site: Site) -> None:
    def slow_loop(handler: Handler) -> None:
        time.sleep(0.2)
        handler.answer(302, Location="/r")

    site.pages["/r"] = slow_loop
    with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=0.5) as session:
        assert failure(session, site.url("/r")).kind == "timeout"


# Redirects -----------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_kept(site: Site, session: HttpSession) -> None:
    site.pages["/lama"] = lambda h: h.answer(301, b"pindah", Location="baru?a=b c#bagian")
    site.pages["/baru?a=b%20c"] = lambda h: h.answer(200, b"isi")
    fetched = session.get(site.url("/lama"))
    assert fetched.url == site.url("/baru?a=b%20c")
    assert [(r.url, r.status, r.body) for r in session.redirects] == [(site.url("/lama"), 301, b"pindah")]
    session.get(fetched.url)
    assert session.redirects == ()


def test_the_body_of_a_redirect_is_capped_too(site: Site) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    site.pages["/x"] = lambda h: h.answer(302, bomb, Location="/", Content_Encoding="gzip")
    site.pages["/"] = lambda h: h.answer(200)
    with HttpSession(clock=lambda: NOON, reach=LOCAL, max_bytes=100_000) as session:
        assert failure(session, site.url("/x")).kind == "too_large"


def test_a_redirect_loop_ends(site: Site, session: HttpSession) -> None:
    site.pages["/a"] = lambda h: h.answer(302, Location="/b")
    site.pages["/b"] = lambda h: h.answer(302, Location="/a")
    error = failure(session, site.url("/a"))
    assert error.kind == "too_many_redirects" and "10" in error.message
    assert len(site.asked) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://contoh.test/", "http://[::1/", "https://"])
def test_a_redirect_leaves_neither_http_nor_sense(site: Site, session: HttpSession, location: str) -> None:
    site.pages["/x"] = lambda h: h.answer(302, Location=location)
    with pytest.raises(FetchError) as caught:
        session.get(site.url("/x"))
    assert caught.value.kind == "not_allowed"


@pytest.mark.parametrize("host", ["kota..test", f"{'a' * 64}.test"])
def test_a_redirect_to_a_host_that_cannot_be_one_is_no_defect_of_ours(
    site: Site, session: HttpSession, host: str
) -> None:
    site.pages["/x"] = lambda h: h.answer(302, Location=f"http://{host}/")
    with pytest.raises(FetchError) as caught:
        session.get(site.url("/x"))
    assert caught.value.kind == "dns"


def test_a_redirect_in_raw_utf_8_is_followed_whatever_its_bytes(site: Site, session: HttpSession) -> None:
    # Its second byte is the end of a line to Python.
    site.pages["/x"] = lambda h: h.answer(302, Location="/\u0645".encode().decode("latin-1"))
    site.pages["/%D9%85"] = lambda h: h.answer(200, b"ada")
    assert session.get(site.url("/x")).body == b"ada"


def test_a_public_site_cannot_redirect_into_the_network(site: Site, session: HttpSession) -> None:
    site.pages["/x"] = lambda h: h.answer(302, Location=site.url("/dalam"))
    site.pages["/dalam"] = lambda h: h.answer(200, b"rahasia")
    assert session.get(site.url("/x", host="localhost")).body == b"rahasia"
    # No public address is to be had here: the name stands for one.
    with HttpSession(clock=lambda: NOON, reach=LOCAL) as fresh:
        fresh._limits.public_hosts.add("localhost")
        with pytest.raises(FetchError, match=r"private network \(127\.0\.0\.1 is 127\.0\.0\.1\)") as caught:
            fresh.get(site.url("/x", host="localhost"))
    assert caught.value.kind == "not_allowed"


@pytest.mark.parametrize("url", ["jdih.contoh.test", "ftp://contoh.test/", "http://", "http://a:99999/"])
def test_what_is_no_web_address_is_refused(session: HttpSession, url: str) -> None:
    assert failure(session, url).kind == "not_allowed"


def test_a_password_in_an_address_is_refused_and_not_repeated(session: HttpSession) -> None:
    with pytest.raises(FetchError) as caught:
        session.get("http://budi:rahasia@contoh.test/")
    assert caught.value.kind == "not_allowed" and "rahasia" not in str(caught.value)


# Trying again --------------------------------------------------------------------------------------------


def failing(times: int, status: int = 503, **headers: str) -> Page:
    def page(handler: Handler) -> None:
        if len(handler.server.asked) <= times:
            handler.answer(status, b"sibuk", **headers)
        else:
            handler.answer(200, b"isi")

    return page


def test_a_server_error_is_tried_again(site: Site, session: HttpSession) -> None:
    site.pages["/p"] = failing(1, 500)
    assert session.get(site.url("/p")).body == b"isi"
    assert len(site.asked) == 2


def test_a_lasting_server_error_is_returned_after_three_tries(site: Site, session: HttpSession) -> None:
    site.pages["/p"] = failing(9, 503, Retry_After="0")
    fetched = session.get(site.url("/p"))
    assert (fetched.status, fetched.body, len(site.asked)) == (503, b"sibuk", 3)


@pytest.mark.parametrize("retry_after", ["1", "Mon, 02 Mar 2026 12:00:01 GMT"])
def test_retry_after_is_honoured(site: Site, session: HttpSession, retry_after: str) -> None:
    site.pages["/p"] = failing(1, 429, Retry_After=retry_after)
    started = time.monotonic()
    assert session.get(site.url("/p")).status == 200
    assert 0.95 < time.monotonic() - started < 3


def test_a_server_that_asks_for_an_hour_is_left_alone(site: Site, session: HttpSession) -> None:
    site.pages["/p"] = failing(9, 429, Retry_After="3600")
    started = time.monotonic()
    assert session.get(site.url("/p")).status == 429
    assert len(site.asked) == 1 and time.monotonic() - started < 1


def test_a_broken_connection_is_tried_again(site: Site, session: HttpSession) -> None:
    def half(handler: Handler) -> None:
        if len(site.asked) > 1:
            handler.answer(200, b"isi")
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"setengah")
        handler.close_connection = True

    site.pages["/h"] = half
    assert session.get(site.url("/h")).body == b"isi"


def test_a_connection_reset_as_soon_as_it_is_made_is_a_broken_one(session: HttpSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            for _ in range(3):
                opened, _ = server.accept()
                # Closed so, a connection is reset.
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                opened.close()

        thread = threading.Thread(target=reset)
        thread.start()
        error = failure(session, f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert error.kind == "connection" and "reset" in error.message


def test_an_empty_reply_is_a_broken_connection(site: Site, session: HttpSession) -> None:
    def hang_up(handler: Handler) -> None:
        handler.close_connection = True

    site.pages["/k"] = hang_up
    assert failure(session, site.url("/k")).kind == "connection"
    assert len(site.asked) == 3


def test_a_refused_connection_says_so(session: HttpSession) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = failure(session, f"http://127.0.0.1:{bound.getsockname()[1]}/")
    assert error.kind == "refused" and "running" in error.message


def test_a_name_that_does_not_resolve_says_so(session: HttpSession) -> None:
    assert failure(session, "http://tidak-ada.invalid/").kind == "dns"


def test_a_dead_address_leaves_time_for_the_next(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/"] = lambda h: h.answer(200, b"ada")
    real = socket.getaddrinfo

    def both(host: str, port: int, **limits: Any) -> list[Any]:
        return [one for address in ("127.0.0.9", "127.0.0.1") for one in real(address, port, **limits)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    # Whoever connects to a full queue waits.
    with socket.create_server(("127.0.0.9", site.server_port), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=1) as session:
            assert session.get(site.url(host="dua.kota.test")).body == b"ada"
        for one in waiting:
            one.close()


def test_requests_to_one_host_keep_their_distance(site: Site) -> None:
    site.pages["/p"] = lambda h: h.answer(200)
    with HttpSession(clock=lambda: NOON, reach=LOCAL, delay_seconds=0.3, timeout_seconds=0.25) as session:
        started = time.monotonic()
        session.get(site.url("/p"))
        session.get(site.url("/p"))
    assert 0.28 < time.monotonic() - started < 1


# TLS -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, path


def tls_site(certificate: trustme.LeafCert) -> Site:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return Site(context)


def test_a_certificate_of_a_given_authority_is_trusted(authority: tuple[trustme.CA, Path]) -> None:
    ca, ca_file = authority
    for site in running(tls_site(ca.issue_cert("localhost", "127.0.0.1"))):
        site.pages["/"] = lambda h: h.answer(200, b"aman")
        with HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=ca_file) as session:
            assert session.get(site.url()).body == b"aman"
            assert session.get(site.url(host="localhost")).body == b"aman"


def test_a_certificate_of_another_authority_is_refused_unless_opted_out() -> None:
    for site in running(tls_site(trustme.CA().issue_cert("127.0.0.1"))):
        site.pages["/"] = lambda h: h.answer(200, b"diri sendiri")
        with HttpSession(clock=lambda: NOON, reach=LOCAL) as session:
            error = failure(session, site.url())
        assert (
            error.kind == "tls_incomplete_chain" and "ca_file" in error.message and "issuer" in error.message
        )
        with (
            HttpSession(clock=lambda: NOON, reach=LOCAL, verify=False) as session,
            pytest.warns(match="Unverified HTTPS request"),
        ):
            assert session.get(site.url()).body == b"diri sendiri"


def test_a_wrong_host_name_is_refused(authority: tuple[trustme.CA, Path]) -> None:
    ca, ca_file = authority
    for site in running(tls_site(ca.issue_cert("lain.contoh.test"))):
        with HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=ca_file) as session:
            error = failure(session, site.url(host="localhost"))
        assert error.kind == "tls_wrong_host" and "mismatch" in error.message.lower()
        assert site.asked == []


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    cert, key = expired_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    for site in running(Site(context)):
        with HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=cert) as session:
            error = failure(session, site.url())
        assert error.kind == "tls_expired" and "expired" in error.message


def expired_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_a_dripping_tls_server_meets_the_deadline(authority: tuple[trustme.CA, Path]) -> None:
    ca, ca_file = authority
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    for site in running(tls_site(ca.issue_cert("127.0.0.1"))):
        site.pages["/"] = lambda h: drip(h, head, b"0")
        started = time.monotonic()
        with HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=ca_file, timeout_seconds=0.5) as session:
            assert failure(session, site.url()).kind == "timeout"
        assert time.monotonic() - started < 1.5


def test_plain_http_behind_https_is_a_tls_failure(site: Site, session: HttpSession) -> None:
    assert failure(session, site.url().replace("http:", "https:")).kind == "tls"


def test_an_unusable_ca_file_is_named(tmp_path: Path) -> None:
    for content in (None, "bukan sertifikat"):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(FetchError, match=r"ca\.pem.*PEM"):
            HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=path)


def test_the_certificate_bundle_is_loaded_once_a_session(authority: tuple[trustme.CA, Path]) -> None:
    ca, ca_file = authority
    for site in running(tls_site(ca.issue_cert("127.0.0.1"))):
        site.pages["/"] = lambda h: h.answer(200, Connection="close")
        with HttpSession(clock=lambda: NOON, reach=LOCAL, ca_file=ca_file) as session:
            session.get(site.url())
            started = time.process_time()
            for _ in range(20):
                session.get(site.url())
            spent = time.process_time() - started
    # Loading certifi's bundle for each connection costs about 20 ms a time.
    assert spent / 20 < 0.012


# Robots and block pages ----------------------------------------------------------------------------------


def test_robots_txt_is_asked_once_and_obeyed(site: Site, session: HttpSession) -> None:
    rules = b"User-agent: *\nDisallow: /rahasia\n\nUser-agent: PantauSPBE\nDisallow: /dokumen\n"
    site.pages["/robots.txt"] = lambda h: h.answer(200, rules)
    assert not session.robots_allow(site.url("/dokumen/1"))
    assert session.robots_allow(site.url("/rahasia"))
    assert [path for path, _ in site.asked] == ["/robots.txt"]


@pytest.mark.parametrize("status", [404, 403, 500])
def test_an_error_instead_of_robots_txt_forbids_nothing(
    site: Site, session: HttpSession, status: int
) -> None:
    site.pages["/robots.txt"] = lambda h: h.answer(status, b"Disallow: /")
    assert session.robots_allow(site.url("/dokumen"))
    assert len(site.asked) == 1


LOGIN = b"<html><title>Login | JDIH</title><form><input name=u><input class='x' type='password'></form>"


@pytest.mark.parametrize(
    ("headers", "payload", "said"),
    [
        (
            {},
            b"<title>Request Rejected</title>The requested URL was rejected. Your support ID is: 7731904482",
            "support ID 7731904482",
        ),
        ({}, b"<html><head><title>Just a moment...</title>", "Just a moment"),
        ({"cf-mitigated": "challenge"}, b"", "challenge"),
        ({}, b"<title>Attention Required! | Cloudflare</title>", "Attention Required"),
        ({}, b"<iframe src='/_Incapsula_Resource?x=1'>", "Imperva"),
        ({}, b"<TITLE>403 Forbidden</TITLE>", "403 Forbidden"),
        ({}, LOGIN, "log in"),
    ],
)
def test_block_pages_are_recognised(headers: dict[str, str], payload: bytes, said: str) -> None:
    reason = blocked_reason(headers, payload)
    assert reason is not None and said in reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'[{"judul": "Peraturan"}]',
        b"<title>Peraturan</title><p>Just a moment</p><input type='password'>",
        b"<title>Masukan masyarakat</title><input type='password'>",
        b"<title>Masuk</title><p>Peraturan masuk kota</p>",
        b"<title>Berita</title>Akun pendukung: support ID 12",
    ],
)
def test_ordinary_pages_are_not_block_pages(payload: bytes) -> None:
    assert blocked_reason((("Content-Type", "text/html"),), payload) is None


def test_a_hostile_page_costs_no_time() -> None:
    started = time.monotonic()
    for page in (b"<title" * 40_000, b"<title>Login</title>" + b"<input " * 40_000, b"support id" * 30_000):
        assert blocked_reason({}, page) is None
    assert time.monotonic() - started < 2
