"""TLS with servers as old ones are: what browsers open, both clients open. All in memory, with a real OpenSSL."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from collectors.tls_stream import TlsError, TlsStream, Trust
from collectors.transport import tls_context

HOST = "layanan.kota.test"
SHORT_DH = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAKxmvzizqKhnzUJxpM6TUZHGy61UsiebyAG4kh38WLteWm7GV4i8T5gO
n0NFmILgpBUprBpxghQs1UWRca3zuBoOTXVvky/FIfIqSUO91NRqV8Kn21Ys2RE/
r4Ba5/KI9J/MZrdVOwJcARthx0mCBab1bsblBejdl/0IOM/UobHHAgEC
-----END DH PARAMETERS-----
"""
"""1024 bits, as servers of 2012 have them."""
# A server's hello of TLS 1.2 without extensions, as from before RFC 5746 (2010).
_HELLO = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"
OLD_HELLO = b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26" + _HELLO

Step = Callable[[bytes], tuple[bytes, bool]]
"""Bytes from the server in; bytes for it, and whether the handshake is done."""


def uptime_client(ca_file: Path) -> Step:
    stream = TlsStream(Trust(ca_file), HOST)

    def step(data: bytes) -> tuple[bytes, bool]:
        stream.receive(data)
        is_done = stream.handshake()
        return stream.to_send(), is_done

    return step


def in_memory(context: ssl.SSLContext, *, is_server: bool) -> Step:
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = context.wrap_bio(inward, outward, is_server, None if is_server else HOST)

    def step(data: bytes) -> tuple[bytes, bool]:
        inward.write(data)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return outward.read(), False
        return outward.read(), True

    return step


def listing_client(ca_file: Path) -> Step:
    return in_memory(tls_context(ca_file, verify=True), is_server=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, path


@pytest.mark.parametrize("client", [uptime_client, listing_client])
@pytest.mark.parametrize(
    "ciphers", ["AES128-GCM-SHA256", "AES128-SHA", "DHE-RSA-AES128-SHA:AES128-SHA", "ECDHE-RSA-AES128-SHA"]
)
def test_a_server_with_what_browsers_take_is_opened(
    authority: tuple[trustme.CA, Path], tmp_path: Path, client: Callable[[Path], Step], ciphers: str
) -> None:
    ca, ca_file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    (tmp_path / "dh.pem").write_text(SHORT_DH)
    context.load_dh_params(str(tmp_path / "dh.pem"))
    ca.issue_cert(HOST, key_type=trustme.KeyType.RSA).configure_cert(context)
    here, there = client(ca_file), in_memory(context, is_server=True)
    data, is_done = b"", False
    for _ in range(5):
        data, is_done = here(data)
        data, _ = there(data) if data else (b"", True)
    assert is_done


@pytest.mark.parametrize("client", [uptime_client, listing_client])
def test_a_server_without_the_renegotiation_of_2010_is_not_refused(
    authority: tuple[trustme.CA, Path], client: Callable[[Path], Step]
) -> None:
    step = client(authority[1])
    step(b"")
    assert step(OLD_HELLO) == (b"", False)


def test_what_is_no_tls_is_refused(authority: tuple[trustme.CA, Path]) -> None:
    step = uptime_client(authority[1])
    step(b"")
    with pytest.raises(TlsError):
        step(b"HTTP/1.1 400 Bad Request\r\n\r\n")
