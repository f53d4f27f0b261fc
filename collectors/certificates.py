"""What a server's certificate says, and why a visitor would refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

TlsFault = Literal["tls_expired", "tls_self_signed", "tls_incomplete_chain", "tls_wrong_host", "tls_other"]

CIPHERS = "DEFAULT:!DHE"
"""What is offered in TLS 1.2. As browsers do, without DHE: old servers that prefer it have keys too
short for it, and take another where it is not offered."""

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
_MOST_NAMES = 50


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
    # Slow to import, and not needed by the processes that help with checks.
    import ssl
    import tempfile

    import certifi

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
        bundle = Path(folder, "issuers.pem")
        bundle.write_bytes(public.read_bytes() + b"\n" + own)
        yield bundle


def tls_fault(verify_result: int) -> TlsFault:
    """Name a failed verification by OpenSSL's result number.

    "Incomplete chain" is what a visitor sees: the certificates sent lead to no root it trusts. A private
    issuer that does not send its root looks just so.
    """
    return _FAULT_OF_RESULT.get(verify_result, "tls_other")


@lru_cache(maxsize=1024)
def certificate_of(der: bytes) -> Certificate:
    """What a certificate says, as far as it can be read; the services of a city often share one."""
    # Not needed where no service has TLS, and slow to import.
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(der)
    except ValueError:
        return Certificate(None, None)
    # Each part may be malformed on its own; it is then unknown, which is what the record says.
    expires_at = issuer = None
    names: tuple[str, ...] = ()
    with suppress(ValueError):
        expires_at = read.not_valid_after_utc
    with suppress(ValueError):
        issuer = ", ".join(
            " + ".join(f"{one.rfc4514_attribute_name} = {one.value!s}" for one in several)
            for several in read.issuer.rdns
        )
    with suppress(ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        said = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = {*said.get_values_for_type(x509.DNSName)}
        found.update(str(address) for address in said.get_values_for_type(x509.IPAddress))
        names = tuple(sorted(found - {""})[:_MOST_NAMES])
    return Certificate(expires_at, issuer or None, names)
