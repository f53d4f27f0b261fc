"""Many visits at a time: a loop over the sockets that are ready.

A *visit* is written as a generator that yields each Request it needs and is sent the Reply, so that it reads
from top to bottom; `run` drives many of them. The kernel tells the loop which sockets are ready (epoll), so a
step costs the same however many are open.
"""

from __future__ import annotations

import heapq
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Generic

from collectors.lookups import Lookup
from collectors.transfers import (
    Manners,
    Place,
    Reply,
    Request,
    Result,
    Transfer,
    Visit,
    Wires,
    place_of,
    unresolved,
)

if TYPE_CHECKING:
    from collectors.tls_stream import Trust

REQUESTS_PER_HOST = 8
"""Visits to one host and port under way at a time: its watchman must not bring a small server down."""
_LONGEST_SLEEP_SECONDS = 0.1
_MOST_EVENTS = 64
"""Served before new visits are begun, so that all sockets are in use."""


def run(
    visits: Sequence[tuple[str, Visit[Result]]], *, concurrency: int, on_done: Callable[[int], None]
) -> list[Result]:
    """Drive visits, each with the host and port it starts at, to their end; their results in the same order.

    At most `concurrency` are under way at once, those that wait before a request not counted. `on_done` is
    told after each how many are done.
    """
    return _Loop(visits, concurrency, on_done).run()


class _Loop(Generic[Result]):
    def __init__(
        self, visits: Sequence[tuple[str, Visit[Result]]], concurrency: int, on_done: Callable[[int], None]
    ) -> None:
        self._on_done = on_done
        self._host_of = [host for host, _ in visits]
        self._visits = [visit for _, visit in visits]
        self._room = concurrency
        self._waiting: dict[str, deque[int]] = {}
        for index, host in enumerate(self._host_of):
            self._waiting.setdefault(host, deque()).append(index)
        self._ready = deque(self._waiting)
        """Hosts that may bear one more visit, in turn."""
        self._under_way = dict.fromkeys(self._waiting, 0)
        self._resting: list[tuple[float, int, Request]] = []
        self._looking: dict[int, tuple[Request, Place, Lookup]] = {}
        self._late: list[tuple[float, int, Lookup]] = []
        self._found: deque[int] = deque()
        self._active: dict[int, Transfer] = {}
        self._timers: list[tuple[float, int]] = []
        """When a visit's transfer must be looked after; it may have ended since."""
        self._results: dict[int, Result] = {}
        self._trusts: dict[tuple[Path, bool], Trust] = {}

    def run(self) -> list[Result]:
        """Every visit's result, in the order of the visits."""
        self._wires = Wires()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._wires.epoll.register(self._bell.fileno(), select.EPOLLIN)
        try:
            while len(self._results) < len(self._visits):
                self._wake()
                self._admit()
                self._take_lookups()
                self._step()
        finally:
            self._close()
        return [self._results[index] for index in range(len(self._visits))]

    def _close(self) -> None:
        for transfer in self._active.values():
            transfer.close()
        for visit in self._visits:
            visit.close()
        self._wires.epoll.close()
        self._bell.close()
        self._ringer.close()

    def _admit(self) -> None:
        """Start waiting visits as far as the limits allow, host by host in turn."""
        while self._room > 0 and self._ready:
            host = self._ready.popleft()
            waiting = self._waiting[host]
            if not waiting or self._under_way[host] >= REQUESTS_PER_HOST:
                continue
            index = waiting.popleft()
            self._room -= 1
            self._under_way[host] += 1
            self._ready.append(host)
            self._advance(index, None)

    def _wake(self) -> None:
        """Go on with visits that have rested, before others begin: so that all come to an end."""
        now = time.monotonic()
        while self._room > 0 and self._resting and self._resting[0][0] <= now:
            _, index, request = heapq.heappop(self._resting)
            self._room -= 1
            self._look_up(index, request)

    def _look_up(self, index: int, request: Request) -> None:
        place = place_of(request.url)
        lookup = Lookup(place.host, place.port, lambda: self._ring(index))
        self._looking[index] = (request, place, lookup)
        if lookup.found is None:
            heapq.heappush(self._late, (time.monotonic() + request.timeout_seconds, index, lookup))
        else:
            self._take_lookup(index)

    def _ring(self, index: int) -> None:
        """Called in the thread of a look-up that has ended."""
        self._found.append(index)
        # A full bell rings already, and a closed one has nobody to wake.
        with suppress(OSError):
            self._ringer.send(b"!")

    def _take_lookups(self) -> None:
        while self._found:
            self._take_lookup(self._found.popleft())
        now = time.monotonic()
        while self._late and self._late[0][0] <= now:
            _, index, lookup = heapq.heappop(self._late)
            if index in self._looking and self._looking[index][2] is lookup:
                self._take_lookup(index)

    def _take_lookup(self, index: int) -> None:
        # One that came too late has been given up, and the visit may be about its next one.
        if index not in self._looking:
            return
        request, place, lookup = self._looking[index]
        found = lookup.found
        if found is None and lookup.elapsed_ms < request.timeout_seconds * 1000:
            return
        del self._looking[index]
        if found is None or not found.addresses:
            self._advance(index, unresolved(request, lookup))
            return
        trust = self._trust(request.visitor.manners) if place.is_secure else None
        transfer = Transfer(index, request, place, found, self._wires, trust)
        if transfer.reply is not None:
            self._advance(index, transfer.reply)
            return
        self._active[index] = transfer
        heapq.heappush(self._timers, (transfer.due, index))

    def _trust(self, manners: Manners) -> Trust:
        """One for all connections: reading the issuers takes as long as twenty handshakes."""
        key = (manners.ca_file, manners.verify)
        if key not in self._trusts:
            # Not needed where no service has TLS.
            from collectors.tls_stream import Trust

            self._trusts[key] = Trust(manners.ca_file if manners.verify else None)
        return self._trusts[key]

    def _step(self) -> None:
        """Wait for what is next, and go on with what has become possible."""
        now = time.monotonic()
        until = now + _LONGEST_SLEEP_SECONDS
        for at in (
            self._timers[0][0] if self._timers else None,
            self._resting[0][0] if self._resting and self._room > 0 else None,
            self._late[0][0] if self._late else None,
        ):
            if at is not None and at < until:
                until = at
        owners = self._wires.owners
        over: list[Transfer] = []
        for number, events in self._wires.epoll.poll(max(0.0, until - now), _MOST_EVENTS):
            # It may have been closed while an earlier one was served.
            if (transfer := owners.get(number)) is not None:
                transfer.on_ready(number, events)
                if transfer.reply is not None:
                    over.append(transfer)
            elif number == self._bell.fileno():
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
        self._ring_timers(over)
        # Only now, or a new socket might get the number of one that these events are about.
        for transfer in over:
            del self._active[transfer.index]
        for transfer in over:
            assert transfer.reply is not None
            self._advance(transfer.index, transfer.reply)

    def _ring_timers(self, over: list[Transfer]) -> None:
        """Look after transfers whose time has come; those that it ended are added to `over`."""
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, index = heapq.heappop(self._timers)
            transfer = self._active.get(index)
            if transfer is None or transfer.reply is not None:
                continue
            transfer.on_time(now)
            if transfer.reply is not None:
                over.append(transfer)
            else:
                heapq.heappush(self._timers, (transfer.due, index))

    def _advance(self, index: int, reply: Reply | None) -> None:
        visit = self._visits[index]
        try:
            request = next(visit) if reply is None else visit.send(reply)
        except StopIteration as end:
            self._results[index] = end.value
            host = self._host_of[index]
            self._room += 1
            if self._under_way[host] == REQUESTS_PER_HOST:
                self._ready.append(host)  # it was passed over while it was busy
            self._under_way[host] -= 1
            self._on_done(len(self._results))
            return
        if request.delay_seconds > 0:
            # Resting costs nothing: where many fail at once, others are visited meanwhile.
            self._room += 1
            heapq.heappush(self._resting, (time.monotonic() + request.delay_seconds, index, request))
        else:
            self._look_up(index, request)
