"""What a server's certificate says, and why a visitor would refuse it."""

from __future__ import annotations

import re
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

import certifi

TlsFault = Literal["tls_expired", "tls_self_signed", "tls_incomplete_chain", "tls_wrong_host", "tls_other"]

# OpenSSL's X509_V_ERR_* numbers, as in "verify result: certificate has expired (10)". A chain that ends in a
# root nobody trusts (19) needs the same remedy as a lone self-signed certificate (18): a public issuer.
_FAULT_OF_RESULT: dict[int, TlsFault] = {
    2: "tls_incomplete_chain",  # unable to get issuer certificate
    10: "tls_expired",
    18: "tls_self_signed",
    19: "tls_self_signed",
    20: "tls_incomplete_chain",  # unable to get local issuer certificate
    21: "tls_incomplete_chain",  # unable to verify the first certificate
    62: "tls_wrong_host",  # host name mismatch
    64: "tls_wrong_host",  # IP address mismatch
}
_ALTERNATIVES = "X509v3 Subject Alternative Name"
_MOST_NAMES = 50
# libcurl compares names itself, after the chain was found good; the result number then says nothing.
_WRONG_NAME = re.compile(r"subject name|common name|hostname mismatch", re.IGNORECASE)


@dataclass(frozen=True)
class Certificate:
    """A server's own (leaf) certificate: when it ends (UTC), who issued it, which names it is for."""

    expires_at: datetime | None
    issuer: str | None
    names: tuple[str, ...] = ()


class CaFileError(Exception):
    """The file of additional issuers cannot be used; without it every service it signs would look broken."""


@contextmanager
def trusted_issuers(ca_file: Path | None) -> Iterator[Path]:
    """A PEM file of the issuers to trust: the public ones and, where given, those of `ca_file`.

    It lasts as long as the context. Raises CaFileError where `ca_file` holds no certificates.
    """
    public = Path(certifi.where())
    if ca_file is None:
        yield public
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca_file)
        own = ca_file.read_bytes()
    except (OSError, ssl.SSLError) as error:
        raise CaFileError(
            f"{ca_file}: holds no issuers to trust ({error}); ca_file must be a PEM file of certificates"
        ) from error
    with tempfile.TemporaryDirectory(prefix="pantau-") as folder:
        # One file, since libcurl keeps what it read from a file for the connections that follow.
        bundle = Path(folder, "issuers.pem")
        bundle.write_bytes(public.read_bytes() + b"\n" + own)
        yield bundle


def tls_fault(verify_result: int, message: str) -> TlsFault:
    """Name a failed verification by OpenSSL's result number and libcurl's error message.

    "Incomplete chain" is what a visitor sees: the certificates sent lead to no root it trusts. A private
    issuer that does not send its root looks just so.
    """
    fault = _FAULT_OF_RESULT.get(verify_result)
    if fault is None:
        fault = "tls_wrong_host" if _WRONG_NAME.search(message) else "tls_other"
    return fault


def leaf_certificate(chain: Sequence[Sequence[tuple[bytes, bytes]]]) -> Certificate | None:
    """The first certificate of a chain in libcurl's CERTINFO form, or None where none was sent."""
    if not chain:
        return None
    said = {name.decode("ascii", "replace"): value.decode("utf-8", "replace") for name, value in chain[0]}
    issuer = said.get("Issuer", "").strip()
    return Certificate(
        expires_at=_end(said.get("Expire date", "")),
        issuer=issuer or None,
        names=_names(said.get(_ALTERNATIVES, "")),
    )


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    """The names in the form "DNS:a.go.id, IP Address:192.0.2.1", sorted, no more than are readable."""
    found = {name.strip() for _, _, name in (part.partition(":") for part in text.split(","))}
    return tuple(sorted(found - {""})[:_MOST_NAMES])


@lru_cache(maxsize=1024)
def _end(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
    except (ValueError, OverflowError, OSError):
        # The certificate itself is malformed: its end is unknown, which is what the record then says.
        return None
