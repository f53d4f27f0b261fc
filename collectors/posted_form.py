"""Listings that a site gives only to a form: its page is asked first, then the form is posted, page by page.

Laravel and its kin refuse a POST without the token of a page they sent and the cookie that came with it. The
answers to one address are told apart by its fragment (``#page=2&start=100``), which no server is sent: so
each has an address of its own in the archive, and in what is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from bs4 import BeautifulSoup

from collectors.block_pages import blocked_reason
from collectors.bodies import decode_body
from collectors.encodings import decode_text
from collectors.evidence import Fetched
from collectors.fetch_error import FetchError
from collectors.html_listing import Form, cell_of, charset_of
from collectors.http import HttpSession


class PostedForm:
    """A form as its page gave it, whose token and cookie hold for this session."""

    def __init__(self, form: Form, action: str, page: Fetched, session: HttpSession) -> None:
        """Posts to `action`. Raises FetchError (``no_token``) where the page does not hold its token."""
        self._form, self._action, self._session = form, action, session
        self._token = _token(form, page) if form.token else ""
        self.first = f"{action}#{urlencode({'page': 1, 'start': 0})}"
        """The address of the first answer."""

    def ask(self, address: str) -> Fetched:
        """What the form is answered for the page that the fragment of `address` names; see `HttpSession`."""
        filled = {"token": self._token, **dict(parse_qsl(urlsplit(address).fragment))}
        body = urlencode(_filled(self._form.fields, filled)).encode()
        answer = self._session.post(self._action, body, headers=_filled(self._form.headers, filled))
        return replace(answer, url=f"{urldefrag(answer.url).url}#{urlsplit(address).fragment}")


def _filled(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {name: template.format_map(values) for name, template in templates.items()}


def _token(form: Form, page: Fetched) -> str:
    payload = decode_body(page)
    text, _ = decode_text(payload, charset_of(page.headers))
    token = (cell_of(BeautifulSoup(text, "lxml"), form.token) or "").strip()
    # Into a header it goes, where a line break would begin another.
    if not token.isascii() or not token.isprintable() or not token:
        raise FetchError(
            page.url,
            "no_token",
            blocked_reason(page.headers, payload)
            or "the page has no token where the profile says; open it in a browser and correct the profile",
        )
    return token
