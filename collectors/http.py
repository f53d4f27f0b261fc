"""The one way out to the network for listings and exports: bounded in time, size and redirects.

Everything that comes back is hostile until parsed. A transfer has one deadline for all of it; the body is
capped both as sent and as decoded; redirects are counted and kept. Every address asked, those of redirects
too, must lie within the reach of the session: by its name, and by the numeric address connected to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
import urllib3
from requests.utils import requote_uri

from collectors.addresses import Reach, is_numeric
from collectors.bodies import CHUNK_BYTES, decode_body, decoded, gathered
from collectors.evidence import Confirmable, Fetched, Stored
from collectors.fetch_error import FetchError, explained
from collectors.robots import Robots, read_robots
from collectors.sizes import MAX_BYTES
from collectors.transport import BoundedAdapter, Limits, OutOfReachError, SingleStepSession, tls_context
from collectors.turns import HostTurns
from collectors.user_agent import USER_AGENT

MAX_REDIRECTS = 10

_AGENT_NAME = "PantauSPBE"
_BACKOFF_SECONDS = (0.5, 1.5)
_LONGEST_WAIT_SECONDS = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REPEATING_REDIRECTS = frozenset({307, 308})
# What Python calls digits includes superscripts, and a number of thousands of them is an error.
_DIGITS = re.compile(r"^[0-9]{1,18}$")
# No other: what Python takes for the end of a line may be half of a character.
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_RETRIED_KINDS = frozenset({"connection", "refused", "dns"})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_DEFAULT_HEADERS = {
    "Accept": "application/json,text/html;q=0.9,*/*;q=0.8",
    "Accept-Language": "id,en;q=0.5",
    # Only what `bodies.decoded` and the archive can undo.
    "Accept-Encoding": "gzip, deflate",
}


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands in for the user's ~/.netrc, which requests would otherwise send to any host named there."""
    return request


class HttpSession:
    """One session: one connection pool, one TLS context, one set of limits. Not shared between threads.

    `timeout_seconds` bounds one attempt as a whole, redirects and body included; resolving a name is
    bounded by the system's resolver. `max_bytes` bounds the body as sent and as decoded; a large one is kept
    in a temporary file in `spool_folder` (default: where the system keeps such). `ca_file` adds
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
        spool_folder: Path | None = None,
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
        self.spool_folder = spool_folder
        self._reach, self._keeps_to_robots = reach, keeps_to_robots
        self._limits = Limits(reach)
        self._turns = turns or HostTurns()
        self._confirmable, self._unfinished = confirmable, unfinished
        self._robots: dict[str, Robots] = {}
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

        The content is as sent, still content-encoded, transfer encoding removed. Connection errors, 429 and
        5xx are tried twice more, after the time the server asks for (up to a minute; longer is not waited
        for). Raises FetchError for a transfer that failed.
        """
        return self._stubborn(url, headers, None)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Fetched:
        """What `url` answers to a form (urlencoded), as `get` does; for forms that ask and change nothing.

        A redirect is followed without the form, as browsers do, but for a 307 or 308 at the same host.
        """
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        return self._stubborn(url, {**kind, **headers}, body)

    def _stubborn(self, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Fetched:
        for pause in _BACKOFF_SECONDS:
            wait: float | None = pause
            try:
                fetched = self._attempt(url, headers, self._timeout, body)
            except FetchError as error:
                if error.kind not in _RETRIED_KINDS:
                    raise
            else:
                wait = self._wait_before_retry(fetched, pause)
                if wait is None:
                    return fetched
            time.sleep(wait or 0)
        return self._attempt(url, headers, self._timeout, body)

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
            text = ""
            # The listing itself is asked for next and reports what is wrong with the host.
            with suppress(FetchError):
                answer = self._attempt(f"{host}/robots.txt", None, min(self._timeout, 10))
                if answer.status == 200:
                    text = decode_body(answer).decode("utf-8", "replace")
            self._robots[host] = read_robots(text, _AGENT_NAME)
        return self._robots[host].allow(url)

    def _attempt(
        self, url: str, headers: Mapping[str, str] | None, seconds: float, body: bytes | None = None
    ) -> Fetched:
        self._limits.start(seconds)
        self._limits.are_private_addresses_allowed = True
        self.redirects = ()
        followed: list[Fetched] = []
        address = url
        while True:
            answer = self._one(address, headers, body)
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
            if body is not None and (
                answer.status not in _REPEATING_REDIRECTS or _origin(target) != _origin(address)
            ):
                headers, body = {}, None
            address = target

    def _one(self, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Fetched:
        parts = self._within_reach(url)
        earlier = self._confirmable.get(url) if headers is None else None
        if earlier is not None:
            headers = earlier.ask_with
        try:
            with self._turns.turn(parts.hostname, parts.port, self._delay) as waited_seconds:
                # Time spent waiting on purpose does not count.
                self._limits.postpone(waited_seconds)
                moment = self.clock()
                with self._session.request(
                    "GET" if body is None else "POST",
                    url,
                    data=body,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=self._timeout,
                ) as response:
                    content = self._content(url, response.raw)
        except OutOfReachError as error:
            raise FetchError(
                url,
                "not_allowed",
                f"{error}; it is not visited unless allow_private_addresses or allowed_suffixes in the "
                "institution's file say so",
            ) from error
        # UnicodeError: a host with a label that is empty or too long.
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise explained(url, error, self._timeout) from error
        fetched = Fetched(
            url=urldefrag(response.request.url or url).url,
            fetched_at=moment,
            status=response.status_code,
            reason=response.reason or "",
            headers=tuple(_recordable(response.raw.headers.items())),
            content=content,
            request_headers=tuple(
                (name, str(value))
                for name, value in response.request.headers.items()
                if name.lower() not in _SECRET_HEADERS
            ),
            method="GET" if body is None else "POST",
            request_body=body or b"",
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

    def _content(self, url: str, raw: Any) -> bytes | Stored:
        declared = raw.headers.get("Content-Length", "")
        if _DIGITS.match(declared) and int(declared) > self._max_bytes:
            raise self._too_large(url, f"it announces {declared} bytes")

        def chunks() -> Iterator[bytes]:
            size = 0
            for chunk in raw.stream(CHUNK_BYTES, decode_content=False):
                size += len(chunk)
                if size > self._max_bytes:
                    raise self._too_large(url, f"more than {size} bytes came")
                yield chunk

        return gathered(url, chunks(), self.spool_folder)

    def _too_large(self, url: str, how: str) -> FetchError:
        return FetchError(
            url,
            "too_large",
            f"{how}, and {self._max_bytes} bytes are allowed; check that the address is that of the listing, "
            "or raise max_megabytes of the source",
        )

    def _refuse_bomb(self, fetched: Fetched) -> None:
        try:
            with decoded(fetched, max_bytes=self._max_bytes) as stream:
                while stream.read(CHUNK_BYTES):
                    pass
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
            except (ValueError, OverflowError):
                return pause
            wait = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - self.clock()).total_seconds()
        return max(wait, 0.0) if wait <= _LONGEST_WAIT_SECONDS else None


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
            yield name, _FOLD.sub(" ", str(value))
