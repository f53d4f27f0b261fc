"""Uptime checks done in one process, and the program of the processes that help with a long list.

What such a process imports it pays for at every run, so this imports little.
"""

from __future__ import annotations

import gc
import os
import pickle
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, NamedTuple, cast

from collectors.service_check import Asked, Terms, check
from collectors.visits import run

_AUTHORITY = re.compile(r"^\w+://([^/?#]+)")
_TELL_EVERY_SECONDS = 0.1

Row = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SteadyClock:
    """A clock that was right `at` one reading of the machine's monotonic clock, and can go to a process."""

    at: datetime
    monotonic: float

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.monotonic)


class Order(NamedTuple):
    """What a process is to check."""

    services: tuple[Asked, ...]
    terms: Terms
    concurrency: int


def host_of(url: str) -> str:
    """Host and port that a check begins at."""
    found = _AUTHORITY.match(url)
    return found[1].lower() if found else ""


def check_all_of(order: Order, progress: Progress | None = None) -> list[Row]:
    """Check every service once; one row each, in the order given (`service_check.check`).

    `progress` is told how many of how many are done.
    """

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, len(order.services))

    visits = [(host_of(asked.url), check(asked, order.terms)) for asked in order.services]
    return run(visits, concurrency=order.concurrency, on_done=tell)


def put(what: object, where: IO[bytes]) -> None:
    """Send something to a process."""
    pickle.dump(what, where, protocol=pickle.HIGHEST_PROTOCOL)
    where.flush()


def serve() -> None:
    """Read an order from standard input, write how many are done, then all rows.

    All in pickles, which is safe as both ends are this program.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who ordered ends this process
    # Nothing that has been imported will be garbage, and little else before the end.
    gc.freeze()
    gc.set_threshold(50_000)
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever prints does not write into the answers
        order = cast(Order, pickle.load(sys.stdin.buffer))
        told_at = time.monotonic()

        def tell(done: int, _total: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TELL_EVERY_SECONDS:
                told_at = time.monotonic()
                put(done, answers)

        put(check_all_of(order, tell), answers)
