"""Whose turn it is at a host: one request at a time, and a pause after it, over all sources of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_USUAL_PORTS = frozenset({None, 80, 443})


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    last_request: float = float("-inf")


class HostTurns:
    """Shared by the sessions of one run, which live in threads of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextmanager
    def turn(self, host: str, port: int | None, pause_seconds: float) -> Iterator[float]:
        """Hold the host for one request, begun at least `pause_seconds` after the one before began.

        Gives the seconds waited. HTTP and HTTPS on their usual ports are one host.
        """
        begun = time.monotonic()
        key = host.lower() if port in _USUAL_PORTS else f"{host.lower()}:{port}"
        with self._lock:
            place = self._hosts.setdefault(key, _Host())
        with place.lock:
            left = pause_seconds - (time.monotonic() - place.last_request)
            if left > 0:
                time.sleep(left)
            place.last_request = time.monotonic()
            yield place.last_request - begun
