"""Host names looked up each in a thread of its own, with the time each took; numeric addresses at once.

libcurl looks names up in a few threads that all transfers of a loop share: a name whose server is dead holds
one for ten seconds and longer, and names that wait for a thread count as slow, in the end as failed.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NUMERIC = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """The addresses of a host, none where `error` says why; `ms` is how long it took to know."""

    addresses: tuple[str, ...]
    error: str
    ms: float


class Lookup:
    """The addresses of the host in an http or https URL, as the operating system finds them.

    `on_found` is called once there is an outcome, in a thread of the look-up's own; not where there is one at
    once.
    """

    def __init__(self, url: str, on_found: Callable[[], None]) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or _DEFAULT_PORTS[parts.scheme]
        self._started = time.monotonic()
        self._found: Found | None = None
        self._on_found = on_found
        if _NUMERIC.fullmatch(self.host):
            self._found = self._look_up()
            return
        # Nobody waits for a look-up that outlasts its check, not even the end of the program.
        threading.Thread(target=self._look_up_and_tell, name=f"lookup {self.host}", daemon=True).start()

    @property
    def found(self) -> Found | None:
        """The outcome, or None while there is none."""
        return self._found

    @property
    def elapsed_ms(self) -> float:
        """How long ago it was begun."""
        return (time.monotonic() - self._started) * 1000

    def _look_up_and_tell(self) -> None:
        self._found = self._look_up()
        self._on_found()

    def _look_up(self) -> Found:
        try:
            socket.inet_pton(socket.AF_INET, self.host)
        except (OSError, UnicodeError):
            pass  # a name, or a number in a form that only the operating system reads
        else:
            return Found((self.host,), "", self.elapsed_ms)
        try:
            answers = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label too long or empty
            return Found((), str(error), self.elapsed_ms)
        addresses = dict.fromkeys(str(address[0]) for *_, address in answers)
        return Found(tuple(addresses), "", self.elapsed_ms)
