"""Why a document could not be had, in a word for programs and a sentence for people."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3

from collectors.certificates import tls_fault
from collectors.plain_text import plain_lines


class FetchError(Exception):
    """A document that could not be had.

    `kind` is one of ``http_<status>``, ``timeout``, ``dns``, ``refused``, ``tls``, a refused certificate's
    (``tls_expired``, ``tls_incomplete_chain`` and so on, as of services), ``too_large``,
    ``too_many_redirects``, ``not_allowed``, ``robots``, ``connection``, ``disk`` (ours is full); a listing
    adds ``loop`` and ``too_many_pages``, a drop folder ``file``.
    """

    def __init__(self, url: str, kind: str, message: str) -> None:
        self.url, self.kind, self.message = url, kind, plain_lines(message)
        super().__init__(plain_lines(f"{url}: {message}"))


def explained(url: str, error: BaseException, seconds: float) -> FetchError:
    """What an error of the transport means; `seconds` is the deadline that held."""
    causes = tuple(_causes(error))

    def first(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if first(TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError):
        return FetchError(
            url, "timeout", f"no complete answer within {seconds:g} s; try later or raise timeout_seconds"
        )
    if isinstance(refused := first(ssl.SSLCertVerificationError), ssl.SSLCertVerificationError):
        reason = refused.verify_message
        kind = tls_fault(refused.verify_code)
        what = (
            "the certificates sent lead to no trusted issuer, most often for want of an intermediate one"
            if kind == "tls_incomplete_chain"
            else "the certificate is refused"
        )
        return FetchError(
            url,
            kind,
            f"{kind}: {what} ({reason}); ask the site's owner to repair it, or give the missing "
            "CA or intermediate certificate in ca_file",
        )
    if bad := first(ssl.SSLError):
        return FetchError(
            url,
            "tls",
            f"the TLS connection failed ({bad}); ask the site's owner to repair the certificate, "
            "or give a missing CA or intermediate certificate in ca_file",
        )
    if first(socket.gaierror, UnicodeError):
        return FetchError(url, "dns", "the host name does not resolve; check its spelling and the domain")
    if first(ConnectionRefusedError):
        return FetchError(
            url, "refused", "the host refuses the connection; check that the service is running"
        )
    if first(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return FetchError(url, "not_allowed", "is not an address that can be fetched; correct it")
    return FetchError(url, "connection", f"the connection broke ({causes[-1]}); collect again")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything it wraps; urllib3 and requests wrap by argument, attribute and cause."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting.extend(cause for cause in inner if isinstance(cause, BaseException))
