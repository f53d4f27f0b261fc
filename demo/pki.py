"""The city's own certificate authority, and the good and bad certificates its sites can show."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CertificateKind = Literal["good", "expiring", "expired", "self_signed", "wrong_host", "incomplete"]

NAMES = ("127.0.0.1", "localhost")
"""What the certificates are for: no name of the city needs DNS."""

_GOOD_FOR = timedelta(days=300)
_EXPIRING_IN = timedelta(days=11)


@dataclass(frozen=True)
class Pki:
    """The CA file that trusts the city, and one server context per kind of certificate.

    - ``good`` and ``expiring`` (in 11 days) verify against `ca_file`;
    - ``expired`` ended two days ago;
    - ``self_signed`` is its own issuer;
    - ``wrong_host`` is for another name;
    - ``incomplete`` comes from an intermediate CA whose certificate is not sent along.
    """

    ca_file: Path
    contexts: dict[CertificateKind, ssl.SSLContext]


def create(folder: Path, now: datetime) -> Pki:
    """Make a new CA and its certificates, valid around `now`; writes ``ca.pem`` into `folder`.

    Only the CA's certificate is left on disk: keys stay in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca = trustme.CA(organization_name="Kota Contoh (karangan)", organization_unit_name="CA peragaan")
    intermediate = ca.create_child_ca()
    ca_file = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    good = ca.issue_cert(*NAMES, not_after=now + _GOOD_FOR)
    expiring = ca.issue_cert(*NAMES, not_after=now + _EXPIRING_IN)
    expired = ca.issue_cert(*NAMES, not_before=now - timedelta(days=90), not_after=now - timedelta(days=2))
    wrong_host = ca.issue_cert("situs-lain.kota-contoh.example", not_after=now + _GOOD_FOR)
    incomplete = intermediate.issue_cert(*NAMES, not_after=now + _GOOD_FOR)
    return Pki(
        ca_file=ca_file,
        contexts={
            "good": _context(_pem(good)),
            "expiring": _context(_pem(expiring)),
            "expired": _context(_pem(expired)),
            "self_signed": _context(_self_signed(now)),
            "wrong_host": _context(_pem(wrong_host)),
            # The first PEM of the chain is the leaf; the intermediate that links it to the CA is left out.
            "incomplete": _context(
                incomplete.private_key_pem.bytes() + incomplete.cert_chain_pems[0].bytes()
            ),
        },
    )


def _pem(leaf: trustme.LeafCert) -> bytes:
    return leaf.private_key_and_cert_chain_pem.bytes()


def _context(key_and_chain: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The ssl module loads keys from files only; this one is readable by its owner and gone at once.
    with NamedTemporaryFile(suffix=".pem") as file:
        file.write(key_and_chain)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _self_signed(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kota-contoh.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + _GOOD_FOR)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
