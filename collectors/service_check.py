"""One uptime check: visit a service as a visitor with a careful browser would, and say what was found.

An answer of 200 is not enough: the page may be a firewall's, the certificate one that browsers refuse, the
text that tells the service apart missing. And no answer is not always the service's fault: where a firewall
turned the check away, or Pantau may not visit the address, the check cannot tell.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from collectors.block_pages import blocked_reason
from collectors.http_answer import PAYLOAD_CAP
from collectors.json_assertion import mismatch
from collectors.page_facts import has_hsts, protective_headers
from collectors.page_links import linked_places
from collectors.page_reading import Page, read_page
from collectors.transfers import REDIRECTS, Failure, Manners, Phases, Reply, Request, Visit, Visitor
from collectors.user_agent import USER_AGENT

MAX_REDIRECTS = 5
ATTEMPTS = 2
"""A failure is recorded when this many attempts in a row, each on connections of its own, have failed."""
CANNOT_TELL = frozenset({"blocked", "not_allowed"})
"""Faults that say nothing of the service itself."""

_SAYS: dict[Failure, str] = {
    "dns": "Nama host tidak ditemukan",
    "refused": "Server tidak dapat disambung",
    "reset": "Sambungan atau jawaban terputus sebelum lengkap",
    "empty_reply": "Server tersambung tetapi tidak memberi jawaban HTTP yang dapat dibaca",
    "too_large": "Kepala jawaban terlalu besar",
    "tls_expired": "Sertifikat TLS kedaluwarsa",
    "tls_self_signed": "Sertifikat TLS ditandatangani sendiri, bukan oleh penerbit tepercaya",
    "tls_incomplete_chain": "Rantai sertifikat TLS tidak lengkap sampai penerbit tepercaya",
    "tls_wrong_host": "Sertifikat TLS bukan untuk nama host ini",
    "tls_other": "Sambungan TLS gagal",
}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_LONGEST_DETAIL = 200
# Written so, an address goes over the wire as it stands.
_AS_IT_IS = re.compile(
    r"https?://[a-z0-9.-]{1,253}(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}))?/[A-Za-z0-9/._~&=?+:,;@-]*"
)


class Asked(NamedTuple):
    """What a check needs to know of a service (`institution.Service`)."""

    id: str
    url: str
    timeout_seconds: float
    expect_text: str | None = None
    expect_json: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Terms:
    """What a batch shares: `ca_file` holds all issuers to trust, `is_allowed` judges numeric addresses."""

    ca_file: Path
    is_allowed: Callable[[str], bool]
    clock: Callable[[], datetime]
    retry_pause_seconds: float


class _Fault(NamedTuple):
    error_class: str
    message: str


class _Outcome(NamedTuple):
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


def check(service: Asked, terms: Terms) -> Visit[dict[str, Any]]:
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


def _attempt(service: Asked, terms: Terms, delay_seconds: float) -> Generator[Request, Reply, _Outcome]:
    try:
        url = _visitable(service.url)
    except _NotAllowedError as error:
        return _Outcome(service.url, None, Phases(), _Fault("not_allowed", str(error)))
    phases = Phases()
    asked: list[str] = []
    visitor = _visitor(terms)
    for hop in range(MAX_REDIRECTS + 1):
        left_seconds = service.timeout_seconds - phases.total_ms / 1000
        reply = yield Request(visitor, url, left_seconds, 0.0 if hop else delay_seconds)
        phases = phases.and_then(reply.phases) if hop else reply.phases
        asked.append(url)
        if reply.failure is not None:
            fault = _transport_fault(reply, reply.failure, service.timeout_seconds)
            return _Outcome(url, reply, phases, fault, asked=tuple(asked))
        if reply.status not in REDIRECTS or reply.redirect_url is None:
            return _judged(service, url, reply, phases, tuple(asked))
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


def _look_behind(url: str, service: Asked, terms: Terms) -> Generator[Request, Reply, Reply]:
    """What a server answers to one who does not verify its certificate."""
    reply = yield Request(_visitor(terms, verify=False), url, service.timeout_seconds)
    return reply


def _visitor(terms: Terms, *, verify: bool = True) -> Visitor:
    return Visitor(Manners(USER_AGENT, terms.ca_file, terms.is_allowed, verify))


def _visitable(url: str) -> str:
    """`url` as it goes over the wire (host in IDNA, the rest escaped); _NotAllowedError where it must not."""
    if _AS_IT_IS.fullmatch(url):
        return url
    # Slow to import, and hardly ever needed.
    import requests

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


def _transport_fault(reply: Reply, failure: Failure, timeout_seconds: float) -> _Fault:
    """The fault of a request that brought no whole answer."""
    if failure == "not_allowed":
        return _Fault(failure, f"Alamat {reply.detail} berada di jaringan privat atau lokal")
    if failure == "timeout":
        where = _stuck(reply)
        return _Fault(failure, f"Tidak selesai dalam {timeout_seconds:g} detik: berhenti saat {where}")
    detail = f" ({reply.detail[:_LONGEST_DETAIL]})" if reply.detail else ""
    return _Fault(failure, f"{_SAYS[failure]}{detail}")


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


def _judged(service: Asked, url: str, reply: Reply, phases: Phases, asked: tuple[str, ...]) -> _Outcome:
    """The outcome of a whole answer that leads nowhere else."""
    status = reply.status or 0
    text_found = json_matched = wrong = None
    fault = None
    if service.expect_text is not None and status < 400:
        text_found = _folded(service.expect_text) in _folded(
            reply.payload.decode(_page(reply).encoding, "replace")
        )
    if service.expect_json and status < 400:
        wrong = mismatch(service.expect_json, reply.payload)
        json_matched = wrong is None
    if (text_found or json_matched) and text_found is not False and wrong is None:
        return _Outcome(url, reply, phases, None, text_found, json_matched, asked)
    if (why := _blocked(reply)) is not None:
        # Of a firewall's page, what it lacks says nothing.
        fault = _Fault("blocked", f"Dihalangi, bukan jawaban layanannya: {why}")
        return _Outcome(url, reply, phases, fault, asked=asked)
    if status >= 400:
        fault = _Fault(f"http_{status}", f"Server menjawab {status} {_PHRASES.get(status, '')}".strip())
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
    return _Outcome(url, reply, phases, fault, text_found, json_matched, asked)


def _blocked(reply: Reply) -> str | None:
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "terlalu banyak permintaan (429)"
    page = _page(reply)
    why = page.blocked
    if any(name == "cf-mitigated" for name, _ in reply.headers):
        why = blocked_reason(reply.headers, reply.payload)
    # A service may well begin with its own login form; for a listing that would be a wall.
    return None if page.asks_to_log_in and (reply.status or 0) < 400 else why


def _page(reply: Reply) -> Page:
    content_type = next((value for name, value in reply.headers if name == "content-type"), "")
    return read_page(reply.payload, content_type)


def _folded(text: str) -> str:
    return " ".join(html.unescape(text).casefold().split())


def _row(
    service: Asked, checked_at: datetime, attempts: int, outcome: _Outcome, seen: Reply | None
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
    if seen is None or seen.status is None or outcome.is_up is None:
        return dict.fromkeys(
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
    page = _page(seen)
    spam: tuple[str, ...] = ()
    if page.has_spam_hints:
        # Slow to import, and hardly ever needed.
        from collectors.compromise import gambling_spam

        spam = gambling_spam(seen.payload, lambda: seen.payload.decode(page.encoding, "replace"), seen.url)
    # That a page which was not read whole, or an error page, shows nothing says nothing.
    is_whole = seen.failure is None and not seen.is_cut and seen.status < 400 and page.has_markup
    return {
        "hsts": has_hsts(seen.headers) if is_https else None,
        "security_headers": protective_headers(seen.headers),
        "page_title": page.title,
        "language": page.language,
        "is_compromised": True if spam else False if is_whole else None,
        "compromise_evidence": "; ".join(spam) or None,
        "linked": _json(linked_places(page.links, seen.url)) if is_whole else None,
    }


@lru_cache(maxsize=256)
def _json(values: tuple[str, ...]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
