"""One uptime check: visit a service as a visitor with a careful browser would, and say what was found.

An answer of 200 is not enough: the page may be a firewall's, the certificate one that browsers refuse, the
text that tells the service apart missing. And no answer is not always the service's fault: where a firewall
turned the check away, or Pantau may not visit the address, the check cannot tell.
"""

from __future__ import annotations

import errno
import html
import json
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pycurl
import requests

from collectors.block_pages import blocked_reason
from collectors.certificates import tls_fault
from collectors.compromise import gambling_spam
from collectors.http import USER_AGENT
from collectors.institution import Service
from collectors.json_assertion import mismatch
from collectors.page_facts import has_hsts, language, page_title, protective_headers
from collectors.page_links import linked_places
from collectors.transfers import PAYLOAD_CAP, Manners, Phases, Reply, Request, Visit, Visitor

MAX_REDIRECTS = 5
ATTEMPTS = 2
"""A failure is recorded when this many attempts in a row, each on connections of its own, have failed."""
CANNOT_TELL = frozenset({"blocked", "not_allowed"})
"""Faults that say nothing of the service itself."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOO_LARGE_HEADERS = 100  # CURLE_TOO_LARGE, which pycurl has no name for
_CLASS_OF_CODE = {
    pycurl.E_URL_MALFORMAT: "not_allowed",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_PARTIAL_FILE: "reset",
    pycurl.E_SSL_CONNECT_ERROR: "tls_other",
    pycurl.E_SSL_CIPHER: "tls_other",
    _TOO_LARGE_HEADERS: "too_large",
}
_SAYS = {
    "not_allowed": "Alamat tidak dapat dikunjungi",
    "dns": "Nama host tidak ditemukan",
    "refused": "Server tidak dapat disambung",
    "reset": "Sambungan diputus server sebelum jawaban lengkap",
    "empty_reply": "Server tersambung tetapi tidak memberi jawaban HTTP yang dapat dibaca",
    "too_large": "Kepala jawaban terlalu besar",
    "tls_expired": "Sertifikat TLS kedaluwarsa",
    "tls_self_signed": "Sertifikat TLS ditandatangani sendiri, bukan oleh penerbit tepercaya",
    "tls_incomplete_chain": "Rantai sertifikat TLS tidak lengkap sampai penerbit tepercaya",
    "tls_wrong_host": "Sertifikat TLS bukan untuk nama host ini",
    "tls_other": "Sambungan TLS gagal",
}
_LONGEST_DETAIL = 200
# Written so, an address goes over the wire as it stands.
_AS_IT_IS = re.compile(r"https?://[a-z0-9.-]{1,253}(?::\d{1,5})?/[A-Za-z0-9/._~&=?+:,;@-]*")
_PASSWORD_FIELD = re.compile(rb"<input[^<>]{1,500}type\s*=\s*[\"']?password", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^<>]{1,500}charset\s*=\s*[\"']?\s*([a-z0-9_:.-]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*\"?([a-z0-9_:.-]+)", re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_META_WITHIN_BYTES = 4096


@dataclass(frozen=True)
class Terms:
    """What a batch shares: `ca_file` holds all issuers to trust, `is_allowed` judges numeric addresses."""

    ca_file: Path
    is_allowed: Callable[[str], bool]
    clock: Callable[[], datetime]
    retry_pause_seconds: float


@dataclass(frozen=True)
class _Fault:
    error_class: str
    message: str


@dataclass(frozen=True)
class _Outcome:
    """How one attempt went: the address last asked, its reply (None: nothing was asked), all phases.

    `asked` are the addresses in the order of redirects.
    """

    url: str
    reply: Reply | None
    phases: Phases
    fault: _Fault | None
    text_found: bool | None = None
    json_matched: bool | None = None
    asked: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool | None:
        if self.fault is None:
            return True
        return None if self.fault.error_class in CANNOT_TELL else False

    @property
    def tls_failed(self) -> bool:
        return self.fault is not None and self.fault.error_class.startswith("tls_")


class _NotAllowedError(Exception):
    """An address that must not be visited; the message (Indonesian) says why."""


def check(service: Service, terms: Terms) -> Visit[dict[str, Any]]:
    """The visits of one uptime check; they return a row, JSON-able, of all fields of UptimeRecord but two.

    Phases are durations in milliseconds, each summed over redirects; `total_ms` is the whole attempt.
    `status`, `final_url` and the certificate are known behind a refused certificate too, from one more
    request that does not verify it.
    """
    checked_at = terms.clock().astimezone(UTC)
    attempt = 1
    outcome = yield from _attempt(service, terms, 0.0)
    while outcome.is_up is False and attempt < ATTEMPTS:
        attempt += 1
        outcome = yield from _attempt(service, terms, terms.retry_pause_seconds)
    seen = outcome.reply
    if outcome.tls_failed:
        seen = yield from _look_behind(outcome.url, service, terms)
    return _row(service, checked_at, attempt, outcome, seen)


def _attempt(service: Service, terms: Terms, delay_seconds: float) -> Generator[Request, Reply, _Outcome]:
    try:
        url = _visitable(service.url)
    except _NotAllowedError as error:
        return _Outcome(service.url, None, Phases(), _Fault("not_allowed", str(error)))
    phases = Phases()
    asked: list[str] = []
    with _visitor(terms) as visitor:
        for hop in range(MAX_REDIRECTS + 1):
            left_seconds = service.timeout_seconds - phases.total_ms / 1000
            reply = yield Request(visitor, url, left_seconds, 0.0 if hop else delay_seconds)
            phases += reply.phases
            asked.append(url)
            fault = _transport_fault(reply, service.timeout_seconds)
            if fault is not None:
                return _Outcome(url, reply, phases, fault, asked=tuple(asked))
            if reply.status not in _REDIRECTS or reply.redirect_url is None:
                return replace(_judged(service, url, reply, phases), asked=tuple(asked))
            try:
                url = _visitable(reply.redirect_url)
            except _NotAllowedError as error:
                fault = _Fault("not_allowed", f"Pengalihan: {error}")
                return _Outcome(url, reply, phases, fault, asked=tuple(asked))
    return _Outcome(
        reply.url,
        reply,
        phases,
        _Fault("redirect_loop", f"Lebih dari {MAX_REDIRECTS} pengalihan, terakhir ke {url}"),
        asked=tuple(asked),
    )


def _look_behind(url: str, service: Service, terms: Terms) -> Generator[Request, Reply, Reply]:
    """What a server answers to one who does not verify its certificate."""
    with _visitor(terms, verify=False) as visitor:
        reply = yield Request(visitor, url, service.timeout_seconds)
    return reply


def _visitor(terms: Terms, *, verify: bool = True) -> Visitor:
    return Visitor(Manners(USER_AGENT, terms.ca_file, terms.is_allowed, verify))


def _visitable(url: str) -> str:
    """`url` as it goes over the wire (host in IDNA, the rest escaped); _NotAllowedError where it must not."""
    if _AS_IT_IS.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _NotAllowedError(f"{url!r} bukan alamat http atau https")
        if parts.username is not None or parts.password is not None:
            raise _NotAllowedError(f"alamat di {parts.hostname} memuat nama pengguna atau kata sandi")
        written = requests.Request("GET", url).prepare().url
    except (ValueError, requests.RequestException) as error:
        raise _NotAllowedError(f"{url!r} bukan alamat yang sah ({error})") from error
    if written is None:
        raise _NotAllowedError(f"{url!r} bukan alamat yang sah")
    return written


def _transport_fault(reply: Reply, timeout_seconds: float) -> _Fault | None:
    """The fault of a request that brought no whole answer; None where it did."""
    if reply.curl_code == 0:
        return None
    detail = f"curl {reply.curl_code}: {reply.curl_message}"[:_LONGEST_DETAIL]
    if reply.refused_addresses and not reply.was_connecting:
        refused = ", ".join(reply.refused_addresses)
        return _Fault("not_allowed", f"Alamat {refused} berada di jaringan privat atau lokal")
    error_class = _CLASS_OF_CODE.get(reply.curl_code, "empty_reply")
    if reply.curl_code == pycurl.E_PEER_FAILED_VERIFICATION:
        error_class = tls_fault(reply.verify_result, reply.curl_message)
    elif error_class == "tls_other" and reply.os_errno == errno.ECONNRESET:
        error_class = "reset"
    elif error_class == "timeout":
        return _Fault(
            "timeout",
            f"Tidak selesai dalam {timeout_seconds:g} detik: berhenti saat {_stuck(reply)} ({detail})",
        )
    return _Fault(error_class, f"{_SAYS[error_class]} ({detail})")


def _stuck(reply: Reply) -> str:
    phases = reply.phases
    if phases.dns_ms is None:
        return "mencari nama host"
    if phases.connect_ms is None:
        return "menyambung"
    if phases.tls_ms is None and reply.url.startswith("https:"):
        return "membuka sambungan TLS"
    if reply.status is None:
        return "menunggu jawaban"
    return "membaca isi halaman"


def _judged(service: Service, url: str, reply: Reply, phases: Phases) -> _Outcome:
    """The outcome of a whole answer that leads nowhere else."""
    status = reply.status or 0
    text_found = json_matched = wrong = None
    fault = None
    if service.expect_text is not None and status < 400:
        text_found = _folded(service.expect_text) in _folded(_text(reply))
    if service.expect_json and status < 400:
        wrong = mismatch(service.expect_json, reply.payload)
        json_matched = wrong is None
    if (text_found or json_matched) and text_found is not False and wrong is None:
        return _Outcome(url, reply, phases, None, text_found, json_matched)
    if (why := _blocked(reply)) is not None:
        # Of a firewall's page, what it lacks says nothing.
        return _Outcome(url, reply, phases, _Fault("blocked", f"Dihalangi, bukan jawaban layanannya: {why}"))
    if status >= 400:
        fault = _Fault(f"http_{status}", f"Server menjawab {status} {responses.get(status, '')}".strip())
    elif text_found is False and reply.is_cut:
        kib = PAYLOAD_CAP // 1024
        fault = _Fault("too_large", f"Teks {service.expect_text!r} tidak ada dalam {kib} KiB pertama halaman")
        text_found = None
    elif text_found is False:
        fault = _Fault("text_missing", f"Teks {service.expect_text!r} tidak ada di halaman")
    elif wrong is not None and reply.is_cut:
        fault = _Fault("too_large", f"Jawaban JSON lebih dari {PAYLOAD_CAP // 1024} KiB")
        json_matched = None
    elif wrong is not None:
        fault = _Fault("json_mismatch", wrong)
    return _Outcome(url, reply, phases, fault, text_found, json_matched)


def _blocked(reply: Reply) -> str | None:
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "terlalu banyak permintaan (429)"
    # A service may well begin with its own login form; for a listing that would be a wall.
    if reply.status is not None and reply.status < 400 and _PASSWORD_FIELD.search(reply.payload):
        return None
    return blocked_reason(reply.headers, reply.payload)


def _encoding(reply: Reply) -> str:
    """The encoding that a page's first bytes, its header or its mark-up name; UTF-8 where none is one."""
    named = [name for mark, name in _BYTE_ORDER_MARKS if reply.payload.startswith(mark)]
    content_type = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    if (found := _HEADER_CHARSET.search(content_type)) is not None:
        named.append(found[1])
    if (meta := _META_CHARSET.search(reply.payload[:_META_WITHIN_BYTES])) is not None:
        named.append(meta[1].decode("ascii"))
    for encoding in named:
        try:
            reply.payload[:_META_WITHIN_BYTES].decode(encoding, "replace")
        except (LookupError, UnicodeError):
            continue  # a name that is none: the next, or UTF-8, must do
        return encoding
    return "utf-8"


def _text(reply: Reply) -> str:
    return reply.payload.decode(_encoding(reply), "replace")


def _folded(text: str) -> str:
    return " ".join(html.unescape(text).casefold().split())


def _row(
    service: Service, checked_at: datetime, attempts: int, outcome: _Outcome, seen: Reply | None
) -> dict[str, Any]:
    fault, phases = outcome.fault, outcome.phases
    status = seen.status if seen is not None else None
    is_https = outcome.url.lower().startswith("https:")
    shown = [reply.certificate for reply in (seen, outcome.reply) if reply is not None and reply.certificate]
    certificate = shown[0] if shown and is_https else None
    message = fault.message if fault is not None else None
    tls_ok = None
    if outcome.tls_failed:
        answer = f"server menjawab {status}" if status is not None else "server tidak menjawab"
        message = f"{message}; tanpa memeriksa sertifikat {answer}"
        tls_ok = False
    elif is_https and outcome.reply is not None and outcome.reply.phases.tls_ms is not None:
        tls_ok = True
    ends = certificate.expires_at if certificate is not None else None
    return {
        "service_id": service.id,
        "url": service.url,
        "checked_at": checked_at.isoformat(),
        "is_up": outcome.is_up,
        "status": status,
        "error_class": fault.error_class if fault is not None else None,
        "error_message": message,
        "dns_ms": _rounded(phases.dns_ms),
        "connect_ms": _rounded(phases.connect_ms),
        "tls_ms": _rounded(phases.tls_ms),
        "first_byte_ms": _rounded(phases.first_byte_ms),
        "total_ms": _rounded(phases.total_ms) if outcome.reply is not None else None,
        "attempts": attempts,
        "final_url": seen.url if seen is not None and status is not None else None,
        "is_https": is_https,
        "cert_expires_at": ends.isoformat() if ends is not None else None,
        "cert_issuer": certificate.issuer if certificate is not None else None,
        "tls_ok": tls_ok,
        "text_found": outcome.text_found,
        "http_version": seen.http_version if seen is not None and status is not None else None,
        "redirect_chain": _json(outcome.asked) if len(outcome.asked) > 1 else None,
        "cert_names": _json(certificate.names) if certificate is not None and certificate.names else None,
        "json_matched": outcome.json_matched,
        **_page_row(outcome, seen, is_https),
    }


def _page_row(outcome: _Outcome, seen: Reply | None, is_https: bool) -> dict[str, Any]:
    """What the answer itself shows; nothing of it where a firewall or nobody answered."""
    row: dict[str, Any] = dict.fromkeys(
        (
            "hsts",
            "security_headers",
            "page_title",
            "language",
            "is_compromised",
            "compromise_evidence",
            "linked",
        )
    )
    if seen is None or seen.status is None or outcome.is_up is None:
        return row
    encoding = _encoding(seen)
    spam = gambling_spam(seen.payload, lambda: seen.payload.decode(encoding, "replace"), seen.url)
    # That a page which was not read whole, or an error page, shows nothing says nothing.
    is_whole = seen.curl_code == 0 and not seen.is_cut and seen.status < 400 and b"<" in seen.payload
    return {
        "hsts": has_hsts(seen.headers) if is_https else None,
        "security_headers": protective_headers(seen.headers),
        "page_title": page_title(seen.payload, encoding),
        "language": language(seen.payload, encoding),
        "is_compromised": True if spam else False if is_whole else None,
        "compromise_evidence": "; ".join(spam) or None,
        "linked": _json(linked_places(seen.payload, seen.url)) if is_whole else None,
    }


def _json(values: Sequence[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
