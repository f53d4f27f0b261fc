"""The cookies of one visit, by the rules of the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message
from http.cookiejar import CookieJar
from urllib.request import Request

_CONTROLS = dict.fromkeys((*range(32), 127))


class Cookies:
    """Taken from answers that lead elsewhere, shown to where they lead."""

    def __init__(self) -> None:
        self._jar = CookieJar()

    def take(self, url: str, given: Sequence[str]) -> None:
        """Keep what Set-Cookie headers of an answer from `url` say."""
        self._jar.extract_cookies(_Answer(given), Request(url))  # type: ignore[arg-type]

    def shown_to(self, url: str) -> str | None:
        """The value of the Cookie header for a request."""
        asked = Request(url)
        self._jar.add_cookie_header(asked)
        return asked.get_header("Cookie")


class _Answer:
    """An answer as CookieJar reads it."""

    def __init__(self, given: Sequence[str]) -> None:
        self._message = Message()
        for cookie in given:
            self._message["Set-Cookie"] = cookie.translate(_CONTROLS)

    def info(self) -> Message:
        return self._message
