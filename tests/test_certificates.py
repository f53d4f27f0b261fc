"""What certificates say, and how a refusal is named."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors.certificates import Certificate, certificate_of, tls_fault

ENDS = datetime(2027, 1, 5, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (10, "tls_expired"),
        (18, "tls_self_signed"),
        (19, "tls_self_signed"),
        (20, "tls_incomplete_chain"),
        (21, "tls_incomplete_chain"),
        (62, "tls_wrong_host"),
        (64, "tls_wrong_host"),
        (9, "tls_other"),  # not yet valid
        (23, "tls_other"),  # revoked
    ],
)
def test_a_refusal_is_named_by_its_cause(result: int, fault: str) -> None:
    assert tls_fault(result) == fault


def signed(*names: x509.GeneralName, issuer: x509.Name | None = None) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "layanan")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(ENDS - timedelta(days=90))
        .not_valid_after(ENDS)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_what_a_certificate_says() -> None:
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Penerbit Uji"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Antara"),
        ]
    )
    names = [
        x509.DNSName("b.contoh.go.id"),
        x509.DNSName("*.contoh.go.id"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.RFC822Name("pengelola@contoh.go.id"),
    ]
    assert certificate_of(signed(*names, issuer=issuer)) == Certificate(
        ENDS, "C = ID, O = Penerbit Uji, CN = Antara", ("*.contoh.go.id", "192.0.2.1", "b.contoh.go.id")
    )


def test_a_certificate_for_no_name_and_of_no_issuer() -> None:
    assert certificate_of(signed(issuer=x509.Name([]))) == Certificate(ENDS, None, ())


def test_names_are_no_more_than_are_readable() -> None:
    many = [x509.DNSName(f"h{n}.contoh.go.id") for n in range(200)]
    assert len(certificate_of(signed(*many)).names) == 50


@pytest.mark.parametrize("damage", [b"", b"bukan sertifikat", b"\x30\x82\xff\xff"])
def test_what_is_no_certificate_says_nothing(damage: bytes) -> None:
    assert certificate_of(damage) == Certificate(None, None)


def test_a_damaged_part_leaves_the_others_readable() -> None:
    der = signed(x509.DNSName("a.contoh.go.id"))
    ends = ENDS.strftime("%y%m%d%H%M%SZ").encode()
    assert certificate_of(der.replace(ends, b"XX" + ends[2:])) in (
        Certificate(None, "CN = layanan", ("a.contoh.go.id",)),
        Certificate(None, None),
    )
