"""The one way out to the network for listings and exports: bounded in time, size and redirects.

Everything that comes back is hostile until parsed. A transfer has one deadline for all of it; the body is
capped both as sent and as decoded; redirects are counted and kept. Every address asked, those of redirects
too, must lie within the reach of the session: by its name, and by the numeric address connected to.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import requests
import urllib3
from requests.utils import requote_uri

from collectors.addresses import Reach, is_numeric
from collectors.certificates import tls_fault
from collectors.evidence import Confirmable, Fetched
from collectors.plain_text import plain_lines
from collectors.transport import BoundedAdapter, Limits, OutOfReachError, SingleStepSession, tls_context
from collectors.turns import HostTurns

USER_AGENT = "Mozilla/5.0 (compatible; PantauSPBE/0.1; pemantauan SPBE)"
MAX_BYTES = 64 * 1024 * 1024
MAX_REDIRECTS = 10

_AGENT_NAME = "PantauSPBE"
_BACKOFF_SECONDS = (0.5, 1.5)
_LONGEST_WAIT_SECONDS = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024
# What Python calls digits includes superscripts, and a number of thousands of them is an error.
_DIGITS = re.compile(r"^[0-9]{1,18}$")
_RETRIED_KINDS = frozenset({"connection", "refused", "dns"})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_DEFAULT_HEADERS = {
    "Accept": "application/json,text/html;q=0.9,*/*;q=0.8",
    "Accept-Language": "id,en;q=0.5",
    # Only what decode_body and the archive can undo.
    "Accept-Encoding": "gzip, deflate",
}
_BLOCK_SCAN_BYTES = 200_000
# Every repetition is bounded: the pages are hostile, and a pattern may not take quadratic time on them.
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_LOGIN_TITLE = re.compile(r"^\W*(?:log\s?in|sign\s?in|masuk|halaman (?:login|masuk))\b", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(r"<input[^<>]{1,400}type\s*=\s*[\"']?password", re.IGNORECASE)
_CHALLENGE_TITLE = re.compile(
    r"^\W*(?:just a moment|attention required|checking your browser|one moment, please|ddos-guard)",
    re.IGNORECASE,
)
_SUPPORT_ID = re.compile(r"support id(?: is)?\s*:?\s*(?:<[^<>]{1,100}>\s*)?(\d+)?", re.IGNORECASE)


class FetchError(Exception):
    """A document that could not be had.

    `kind` is one of ``http_<status>``, ``timeout``, ``dns``, ``refused``, ``tls``, a refused certificate's
    (``tls_expired``, ``tls_incomplete_chain`` and so on, as of services), ``too_large``,
    ``too_many_redirects``, ``not_allowed``, ``robots``, ``connection``; a listing adds ``loop`` and
    ``too_many_pages``, a drop folder ``file``.
    """

    def __init__(self, url: str, kind: str, message: str) -> None:
        self.url, self.kind, self.message = url, kind, plain_lines(message)
        super().__init__(plain_lines(f"{url}: {message}"))


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands in for the user's ~/.netrc, which requests would otherwise send to any host named there."""
    return request


class HttpSession:
    """One session: one connection pool, one TLS context, one set of limits. Not shared between threads.

    `timeout_seconds` bounds one attempt as a whole, redirects and body included; resolving a name is
    bounded by the system's resolver. `max_bytes` bounds the body as sent and as decoded. `ca_file` adds
    certificates to trust (an institution's own CA, a missing intermediate). `delay_seconds` is kept between
    requests to the same host. `clock` gives the time recorded with each answer. `reach` says which hosts and
    addresses may be asked (default: any host, on the public internet only). `keeps_to_robots` False lets
    `obey_robots` pass (an opt-out). `turns` is shared by sessions that must not be at one host together.
    Answers in `confirmable`, by address, are asked for on the condition that they changed; what a server
    confirms is returned as it was, with `not_modified` set. `unfinished` are answers of a run that failed
    just now, for collectors that go on where it broke off (`earlier`).
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        user_agent: str = USER_AGENT,
        ca_file: Path | None = None,
        timeout_seconds: float = 30,
        max_bytes: int = MAX_BYTES,
        verify: bool = True,
        delay_seconds: float = 0.0,
        reach: Reach = Reach(),  # noqa: B008 (immutable)
        keeps_to_robots: bool = True,
        turns: HostTurns | None = None,
        confirmable: Mapping[str, Confirmable] = MappingProxyType({}),
        unfinished: Mapping[str, Callable[[], Fetched]] = MappingProxyType({}),
    ) -> None:
        self.clock = clock
        self.redirects: tuple[Fetched, ...] = ()
        """The redirects that the last `get` followed, in order."""
        self._timeout, self._max_bytes, self._delay = timeout_seconds, max_bytes, delay_seconds
        self._reach, self._keeps_to_robots = reach, keeps_to_robots
        self._limits = Limits(reach)
        self._turns = turns or HostTurns()
        self._confirmable, self._unfinished = confirmable, unfinished
        self._robots: dict[str, RobotFileParser] = {}
        try:
            context = tls_context(ca_file, verify)
        except OSError as error:
            raise FetchError(
                f"file:{ca_file}",
                "tls",
                f"the CA file cannot be used ({error}); ca_file must name a PEM file of certificates",
            ) from error
        self._session = SingleStepSession()
        self._session.headers.update({"User-Agent": user_agent, **_DEFAULT_HEADERS})
        self._session.auth = _no_credentials
        adapter = BoundedAdapter(context, self._limits)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> HttpSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Fetched:
        """The document at `url`, whatever its status; `redirects` then holds the way there.

        `body` is as sent, still content-encoded, transfer encoding removed. Connection errors, 429 and 5xx
        are tried twice more, after the time the server asks for (up to a minute; longer is not waited for).
        Raises FetchError for a transfer that failed.
        """
        for pause in _BACKOFF_SECONDS:
            wait: float | None = pause
            try:
                fetched = self._attempt(url, headers, self._timeout)
            except FetchError as error:
                if error.kind not in _RETRIED_KINDS:
                    raise
            else:
                wait = self._wait_before_retry(fetched, pause)
                if wait is None:
                    return fetched
            time.sleep(wait or 0)
        return self._attempt(url, headers, self._timeout)

    def earlier(self, url: str) -> Fetched | None:
        """What a run that failed just now was answered at `url`, as it came; None where it was not."""
        answer = self._unfinished.get(url)
        return None if answer is None else answer()

    def obey_robots(self, url: str) -> None:
        """Raises FetchError (``robots``) where robots.txt of the host forbids this program to read `url`."""
        if self._keeps_to_robots and not self.robots_allow(url):
            raise FetchError(
                url,
                "robots",
                "robots.txt of the site forbids it; ask the site's owner to allow PantauSPBE, drop a saved "
                "file and give its `path`, or say in robots_opt_out of the source what was agreed with him",
            )

    def keep_apart(self, seconds: float) -> None:
        """From here on, wait at least this long between requests to a host."""
        self._delay = max(self._delay, seconds)

    def robots_allow(self, url: str) -> bool:
        """Whether robots.txt of the host lets this program read `url` (RFC 9309).

        Asked once per host, without retries. A missing or broken robots.txt forbids nothing: on
        government sites it is more often an error page than a rule.
        """
        host = _origin(url)
        if host not in self._robots:
            rules = RobotFileParser()
            lines: list[str] = []
            try:
                answer = self._attempt(f"{host}/robots.txt", None, min(self._timeout, 10))
                if answer.status == 200:
                    lines = decode_body(answer).decode("utf-8", "replace").splitlines()
            except FetchError as error:
                # The listing itself is asked for next and reports what is wrong with the host.
                lines = [f"# {error}"]
            rules.parse(lines)
            self._robots[host] = rules
        return self._robots[host].can_fetch(_AGENT_NAME, url)

    def _attempt(self, url: str, headers: Mapping[str, str] | None, seconds: float) -> Fetched:
        self._limits.start(seconds)
        self._limits.are_private_addresses_allowed = True
        self.redirects = ()
        followed: list[Fetched] = []
        address = url
        while True:
            answer = self._one(address, headers)
            target = _redirect_target(answer)
            if target is None:
                self.redirects = tuple(followed)
                return answer
            followed.append(answer)
            if len(followed) > MAX_REDIRECTS:
                raise FetchError(
                    url,
                    "too_many_redirects",
                    f"more than {MAX_REDIRECTS} redirects, the last to {target}; "
                    "open the address in a browser and put the final one in the source",
                )
            if urlsplit(answer.url).hostname in self._limits.public_hosts:
                self._limits.are_private_addresses_allowed = False
            address = target

    def _one(self, url: str, headers: Mapping[str, str] | None) -> Fetched:
        parts = self._within_reach(url)
        earlier = self._confirmable.get(url) if headers is None else None
        if earlier is not None:
            headers = earlier.ask_with
        try:
            with self._turns.turn(parts.hostname, parts.port, self._delay) as waited_seconds:
                # Time spent waiting on purpose does not count.
                self._limits.postpone(waited_seconds)
                moment = self.clock()
                with self._session.get(
                    url, headers=headers, stream=True, allow_redirects=False, timeout=self._timeout
                ) as response:
                    body = self._body(url, response.raw)
        except OutOfReachError as error:
            raise FetchError(
                url,
                "not_allowed",
                f"{error}; it is not visited unless allow_private_addresses or allowed_suffixes in the "
                "institution's file say so",
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _explained(url, error, self._timeout) from error
        fetched = Fetched(
            url=urldefrag(response.request.url or url).url,
            fetched_at=moment,
            status=response.status_code,
            reason=response.reason or "",
            headers=tuple(_recordable(response.raw.headers.items())),
            body=body,
            request_headers=tuple(
                (name, str(value))
                for name, value in response.request.headers.items()
                if name.lower() not in _SECRET_HEADERS
            ),
        )
        if earlier is not None and fetched.status == 304:
            return replace(
                earlier.answer(),
                fetched_at=moment,
                request_headers=fetched.request_headers,
                not_modified=fetched.headers,
            )
        self._refuse_bomb(fetched)
        return fetched

    def _within_reach(self, url: str) -> Any:
        parts = _checked(url)
        if not self._reach.allows_host(parts.hostname):
            raise FetchError(
                url,
                "not_allowed",
                f"{parts.hostname} lies outside the domains that may be visited; if it belongs to the "
                "institution, add its domain to allowed_suffixes in the institution's file",
            )
        # A proxy would go where we may not; of a name it alone knows the address.
        if is_numeric(parts.hostname) and not self._reach.allows_address(parts.hostname):
            raise FetchError(
                url,
                "not_allowed",
                f"leads into a private network ({parts.hostname}); it is not visited unless "
                "allow_private_addresses in the institution's file says so",
            )
        return parts

    def _body(self, url: str, raw: Any) -> bytes:
        declared = raw.headers.get("Content-Length", "")
        if _DIGITS.match(declared) and int(declared) > self._max_bytes:
            raise self._too_large(url, f"it announces {declared} bytes")
        parts: list[bytes] = []
        size = 0
        for chunk in raw.stream(_CHUNK_BYTES, decode_content=False):
            size += len(chunk)
            if size > self._max_bytes:
                raise self._too_large(url, f"more than {size} bytes came")
            parts.append(chunk)
        return b"".join(parts)

    def _too_large(self, url: str, how: str) -> FetchError:
        return FetchError(
            url,
            "too_large",
            f"{how}, and {self._max_bytes} bytes are allowed; check that the address is that of the listing",
        )

    def _refuse_bomb(self, fetched: Fetched) -> None:
        try:
            decode_body(fetched, max_bytes=self._max_bytes)
        except FetchError as error:
            # A body that cannot be decoded is still evidence of what the server sent.
            if error.kind == "too_large":
                raise

    def _wait_before_retry(self, fetched: Fetched, pause: float) -> float | None:
        """Seconds to wait before asking again, or None when this answer stands."""
        if fetched.status != 429 and (fetched.status or 0) < 500:
            return None
        asked = next((v for n, v in fetched.headers if n.lower() == "retry-after"), "").strip()
        if not asked:
            return pause
        if _DIGITS.match(asked):
            wait = float(asked)
        else:
            try:
                until = parsedate_to_datetime(asked)
            except ValueError:
                return pause
            wait = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - self.clock()).total_seconds()
        return max(wait, 0.0) if wait <= _LONGEST_WAIT_SECONDS else None


def decode_body(fetched: Fetched, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The payload with its content encoding (gzip, deflate) removed.

    Raises FetchError: ``too_large`` beyond `max_bytes`, ``connection`` for an encoding that is unknown or a
    body that is damaged. A body that claims gzip and is not is returned as it is, as browsers do.
    """
    body = fetched.body
    encodings = [
        one.strip().lower()
        for name, value in fetched.headers
        if name.lower() == "content-encoding"
        for one in value.split(",")
    ]
    for encoding in reversed(encodings):
        if encoding in ("", "identity") or not body:
            continue
        if encoding in ("gzip", "x-gzip"):
            if body.startswith(b"\x1f\x8b"):
                body = _inflated(fetched.url, body, 16 + zlib.MAX_WBITS, max_bytes)
        elif encoding == "deflate":
            # RFC 9110 means zlib; several servers send raw deflate. A zlib header is a multiple of 31.
            is_zlib = body[0] & 0x0F == 8 and len(body) > 1 and (body[0] * 256 + body[1]) % 31 == 0
            body = _inflated(fetched.url, body, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, max_bytes)
        else:
            raise FetchError(
                fetched.url,
                "connection",
                f"content encoding {encoding!r} was not asked for and cannot be read; report it to the site",
            )
    return body


def _inflated(url: str, body: bytes, window: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        inflater = zlib.decompressobj(window)
        pending = rest
        while not inflater.eof and pending:
            try:
                part = inflater.decompress(pending, _CHUNK_BYTES * 16)
            except zlib.error as error:
                raise FetchError(
                    url, "connection", f"the compressed body is damaged ({error}); collect again"
                ) from error
            size += len(part)
            if size > max_bytes:
                raise FetchError(
                    url, "too_large", f"decodes to more than {max_bytes} bytes; it is taken for an attack"
                )
            parts.append(part)
            pending = inflater.unconsumed_tail
        if not inflater.eof:
            raise FetchError(url, "connection", "the compressed body ends early; collect again")
        # gzip may be several members one after another; padding after the last is ignored.
        rest = inflater.unused_data if inflater.unused_data.startswith(b"\x1f\x8b") else b""
    return b"".join(parts)


def blocked_reason(headers: Mapping[str, str] | tuple[tuple[str, str], ...], payload: bytes) -> str | None:
    """Why an answer is a block, challenge or login page instead of what was asked for; None when it is not.

    Meant for answers in which the expected content was not found: a page may carry a login form and be fine.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    named = {name.lower(): value for name, value in pairs}
    text = payload[:_BLOCK_SCAN_BYTES].decode("utf-8", "replace")
    found = _TITLE.search(text)
    title = " ".join(found[1].split()) if found else ""
    is_rejected = "Request Rejected" in text or "requested URL was rejected" in text
    # In this order: the pattern is slow on pages that have nothing of it, which are most.
    if is_rejected and (support := _SUPPORT_ID.search(text)):
        number = f" (support ID {support[1]})" if support[1] else ""
        return f"the site's firewall rejected the request{number}"
    if named.get("cf-mitigated", "").lower() == "challenge" or _CHALLENGE_TITLE.match(title):
        return f"the site answers with a browser challenge ({title or 'cf-mitigated'})"
    if "_Incapsula_Resource" in text or "Incapsula incident ID" in text:
        return "the site's firewall (Imperva) rejected the request"
    if title.lower() in ("access denied", "403 forbidden", "forbidden", "akses ditolak"):
        return f"the site denies access ({title})"
    if _LOGIN_TITLE.match(title) and _PASSWORD_FIELD.search(text):
        return f"the site asks to log in ({title})"
    return None


def _checked(url: str) -> Any:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or 0 < parts.port < 65536
    except ValueError as error:
        raise FetchError(url, "not_allowed", f"is not an address ({error}); correct it") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise FetchError(url, "not_allowed", "is not an http or https address; correct it")
    if parts.username is not None:
        raise FetchError(
            f"{parts.scheme}://{parts.hostname}",
            "not_allowed",
            "the address holds a user name or password, which the archive would keep; remove it",
        )
    return parts


def _origin(url: str) -> str:
    parts = _checked(url)
    return f"{parts.scheme}://{parts.netloc}"


def _redirect_target(answer: Fetched) -> str | None:
    """Where an answer sends us on to, or None when it is the document itself."""
    if answer.status not in _REDIRECTS:
        return None
    location = next((value for name, value in answer.headers if name.lower() == "location"), "")
    # Header values are read as Latin-1; sites that do not escape their addresses mean UTF-8.
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    try:
        return requote_uri(urldefrag(urljoin(answer.url, location.strip())).url) if location else None
    except (ValueError, requests.exceptions.InvalidURL) as error:
        raise FetchError(
            answer.url,
            "not_allowed",
            f"redirects to {location!r}, which is no address; report it to the site",
        ) from error


def _recordable(headers: Any) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        # The body is recorded without its transfer encoding; a folded value would break the record.
        if name.lower() != "transfer-encoding":
            yield name, " ".join(str(value).splitlines())


def _explained(url: str, error: BaseException, seconds: float) -> FetchError:
    causes = tuple(_causes(error))

    def first(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if first(TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError):
        return FetchError(
            url, "timeout", f"no complete answer within {seconds:g} s; try later or raise timeout_seconds"
        )
    if isinstance(refused := first(ssl.SSLCertVerificationError), ssl.SSLCertVerificationError):
        reason = refused.verify_message
        kind = tls_fault(refused.verify_code, reason)
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
