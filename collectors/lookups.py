"""Host names looked up each in a thread of its own, with the time each took; numeric addresses at once.

A pool of threads would be shared by all: a name whose server is dead holds one for ten seconds and longer,
and names that wait for a thread count as slow, in the end as failed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Found(NamedTuple):
    """The addresses of a host, none where `error` says why; `ms` is how long it took to know."""

    addresses: tuple[str, ...]
    error: str
    ms: float


class Lookup:
    """The addresses of a host, as the operating system finds them.

    `on_found` is called once there is an outcome, in a thread of the look-up's own; not where there is one at
    once.
    """

    __slots__ = ("_host", "_on_found", "_port", "_started", "found")

    def __init__(self, host: str, port: int, on_found: Callable[[], None]) -> None:
        self._host = host
        self._port = port
        self._started = time.monotonic()
        self.found: Found | None = None
        """The outcome, or None while there is none."""
        self._on_found = on_found
        # Only these: of "10.10.10.1000" the operating system asks a name server.
        if _is_numeric(host):
            self.found = Found((host,), "", self.elapsed_ms)
            return
        # Nobody waits for a look-up that outlasts its check, not even the end of the program.
        threading.Thread(target=self._look_up_and_tell, name=f"lookup {host}", daemon=True).start()

    @property
    def elapsed_ms(self) -> float:
        """How long ago it was begun."""
        return (time.monotonic() - self._started) * 1000

    def _look_up_and_tell(self) -> None:
        self.found = self._look_up()
        self._on_found()

    def _look_up(self) -> Found:
        try:
            answers = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label too long or empty
            return Found((), str(error), self.elapsed_ms)
        addresses = dict.fromkeys(str(address[0]) for *_, address in answers)
        return Found(tuple(addresses), "", self.elapsed_ms)


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False
