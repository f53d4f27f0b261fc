"""A list of uptime checks done: short ones by this process, long ones by several at a time.

One process keeps one CPU busy. The others are programs of their own, not forks: the caller may have threads,
which a fork would lose together with the locks that they hold.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

from collectors.institution import Service
from collectors.service_check import Asked, Terms
from collectors.uptime_worker import Order, Progress, Row, SteadyClock, check_all_of, host_of, put

SERVICES_WORTH_A_PROCESS = 500
"""Starting a process costs the CPU of 150 (TLS) to 800 checks."""
HEAD_START = 300
"""How many services this process checks before another has started, or so."""

_TELL_EVERY_SECONDS = 0.1
_PROGRAM = "from collectors.uptime_worker import serve; serve()"
_LOG = logging.getLogger(__name__)


def check_on(
    services: Sequence[Service], terms: Terms, *, concurrency: int, progress: Progress | None = None
) -> list[Row]:
    """Check every service once in this process; one row each, in the order given (`service_check.check`).

    At most `concurrency` checks run at once; `progress` is told how many of how many are done.
    """
    return check_all_of(Order(tuple(map(_asked, services)), terms, concurrency), progress)


def _asked(service: Service) -> Asked:
    return Asked(
        service.id, service.url, service.timeout_seconds, service.expect_text, service.expect_json or None
    )


def check_in_processes(
    services: Sequence[Service],
    terms: Terms,
    *,
    concurrency: int,
    progress: Progress | None = None,
    services_worth_a_process: int = SERVICES_WORTH_A_PROCESS,
) -> list[Row]:
    """As `check_on`, by as many processes as there are CPUs where the list is worth it.

    `terms` go to the other processes, their clock as a SteadyClock. All services of a host are checked by one
    process, which can then spare the host. What a process that failed should have checked, this one checks.
    """
    count = max(1, min(os.cpu_count() or 1, concurrency, len(services) // services_worth_a_process))
    hosts = [host_of(service.url) for service in services]
    shares = shared_out(hosts, count, min(HEAD_START, len(services) // (2 * count)))
    if len(shares) < 2 or not sys.executable:
        return check_on(services, terms, concurrency=concurrency, progress=progress)
    clock = SteadyClock(terms.clock(), time.monotonic())
    orders = [
        Order(
            tuple(_asked(services[n]) for n in share),
            replace(terms, clock=clock),
            # What does not divide goes to the first.
            (concurrency + len(shares) - 1 - number) // len(shares),
        )
        for number, share in enumerate(shares)
    ]
    tally = _Tally(len(services), progress)
    own, *others = orders
    workers = [_Worker(order) for order in others]
    with ThreadPoolExecutor(len(workers), thread_name_prefix="uptime") as pool:
        working = [pool.submit(worker.work) for worker in workers]
        try:

            def tell(done: int, _total: int) -> None:
                tally.tell(done + sum(worker.done for worker in workers))

            rows = [check_all_of(own, tell)]
            _await(working, workers, len(own.services), tally)
            for order, job in zip(others, working, strict=True):
                rows.append(job.result() or check_all_of(order))
        finally:
            for worker in workers:
                worker.end()
    tally.tell(len(services))
    row_of = {
        n: row for share, its in zip(shares, rows, strict=True) for n, row in zip(share, its, strict=True)
    }
    return [row_of[n] for n in range(len(services))]


def shared_out(hosts: Sequence[str], count: int, head_start: int = 0) -> list[list[int]]:
    """Positions in `hosts` dealt into at most `count` shares of about one size, none empty.

    A host is in one share only. The first share is `head_start` larger than the others.
    """
    sizes = [0, *[head_start] * (count - 1)]
    share_of: dict[str, int] = {}
    for host, size in Counter(hosts).most_common():
        lightest = sizes.index(min(sizes))
        share_of[host] = lightest
        sizes[lightest] += size
    shares: list[list[int]] = [[] for _ in range(count)]
    for n, host in enumerate(hosts):
        shares[share_of[host]].append(n)
    return [share for share in shares if share]


class _Tally:
    """Tells of progress only when there is more of it."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._told = 0

    def tell(self, done: int) -> None:
        if self._progress is not None and done > self._told:
            self._told = done
            self._progress(done, self._total)


class _Worker:
    """Another process with its order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.done = 0
        """How many it has checked so far."""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def work(self) -> list[Row] | None:
        """The rows, or None where the process failed or was ended."""
        try:
            rows = self._rows()
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            if not self._is_over:
                _LOG.warning("a process for %d uptime checks failed: %r", len(self._order.services), error)
            self.done = 0
            return None
        self.done = len(rows)
        return rows

    def _rows(self) -> list[Row]:
        with self._lock:
            if self._is_over:
                raise EOFError("ended before it began")
            process = self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        assert process.stdin is not None and process.stdout is not None
        with process, process.stdout as answers:
            with process.stdin as orders:
                put(self._order, orders)
            while not isinstance(said := pickle.load(answers), list):
                self.done = said
        return said

    def end(self) -> None:
        """End the process if it still runs."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                with suppress(OSError):
                    self._process.kill()


def _await(
    working: Sequence[Future[list[Row] | None]], workers: Sequence[_Worker], own_done: int, tally: _Tally
) -> None:
    while wait(working, timeout=_TELL_EVERY_SECONDS).not_done:
        tally.tell(own_done + sum(worker.done for worker in workers))
