"""What certificates say, and how a refusal is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.certificates import Certificate, leaf_certificate, tls_fault


@pytest.mark.parametrize(
    ("result", "message", "fault"),
    [
        (10, "certificate has expired (10)", "tls_expired"),
        (18, "self-signed certificate (18)", "tls_self_signed"),
        (19, "self-signed certificate in certificate chain (19)", "tls_self_signed"),
        (20, "unable to get local issuer certificate (20)", "tls_incomplete_chain"),
        (21, "unable to verify the first certificate (21)", "tls_incomplete_chain"),
        (62, "hostname mismatch (62)", "tls_wrong_host"),
        (0, "SSL: no alternative certificate subject name matches target host name 'x'", "tls_wrong_host"),
        (9, "certificate is not yet valid (9)", "tls_other"),
        (23, "certificate revoked (23)", "tls_other"),
    ],
)
def test_a_refusal_is_named_by_its_cause(result: int, message: str, fault: str) -> None:
    assert tls_fault(result, message) == fault


def test_the_first_certificate_of_a_chain_is_the_servers_own() -> None:
    chain = [
        [(b"Issuer", b"CN = Antara"), (b"Expire date", b"Jan  5 10:20:30 2027 GMT")],
        [(b"Issuer", b"CN = Akar"), (b"Expire date", b"Jan  1 00:00:00 2040 GMT")],
    ]
    assert leaf_certificate(chain) == Certificate(datetime(2027, 1, 5, 10, 20, 30, tzinfo=UTC), "CN = Antara")


@pytest.mark.parametrize("end", [b"", b"besok", b"Foo 99 99:99:99 2027 GMT", b"\xff\xfe"])
def test_an_end_that_is_no_date_is_unknown(end: bytes) -> None:
    assert leaf_certificate([[(b"Issuer", b"\xffCN"), (b"Expire date", end)]]) == Certificate(None, "�CN")


def test_no_chain_is_no_certificate() -> None:
    assert leaf_certificate([]) is None
