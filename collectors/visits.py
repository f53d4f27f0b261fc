"""Many visits at a time: a loop over libcurl's multi interface.

A *visit* is written as a generator that yields each Request it needs and is sent the Reply, so that it reads
from top to bottom; `run` drives many of them. libcurl tells the loop which sockets it waits for, so a step
costs the same however many are open.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic

import pycurl

from collectors.lookups import Lookup
from collectors.transfers import Handle, Handles, Reply, Request, Result, Visit, unresolved

REQUESTS_PER_HOST = 8
"""Visits to one host and port under way at a time: its watchman must not bring a small server down."""
_LONGEST_SLEEP_SECONDS = 0.1
_EVENTS_OF = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}


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
        self._looking: dict[int, tuple[Request, Lookup]] = {}
        self._late: list[tuple[float, int, Lookup]] = []
        self._found: deque[int] = deque()
        self._active: dict[pycurl.Curl, tuple[int, Handle]] = {}
        self._results: dict[int, Result] = {}
        self._handles = Handles()
        self._timer_at: float | None = None

    def run(self) -> list[Result]:
        """Every visit's result, in the order of the visits."""
        self._multi = pycurl.CurlMulti()
        self._selector = selectors.DefaultSelector()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        try:
            while len(self._results) < len(self._visits):
                self._wake()
                self._admit()
                self._take_lookups()
                self._step()
                self._take_replies()
        finally:
            self._close()
        return [self._results[index] for index in range(len(self._visits))]

    def _close(self) -> None:
        for curl in self._active:
            self._multi.remove_handle(curl)
        for visit in self._visits:
            visit.close()
        self._handles.close()
        self._multi.close()
        self._selector.close()
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
        lookup = Lookup(request.url, lambda: self._ring(index))
        self._looking[index] = (request, lookup)
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
            if index in self._looking and self._looking[index][1] is lookup:
                self._take_lookup(index)

    def _take_lookup(self, index: int) -> None:
        # One that came too late has been given up, and the visit may be about its next one.
        if index not in self._looking:
            return
        request, lookup = self._looking[index]
        found = lookup.found
        if found is None and lookup.elapsed_ms < request.timeout_seconds * 1000:
            return
        del self._looking[index]
        if found is None or not found.addresses:
            self._advance(index, unresolved(request, lookup))
            return
        handle = request.visitor.handle_of(self._handles)
        handle.prepare(request.url, request.timeout_seconds, lookup, found)
        self._active[handle.curl] = (index, handle)
        self._multi.add_handle(handle.curl)

    def _step(self) -> None:
        """Wait for what is next, and let libcurl do what has become possible."""
        now = time.monotonic()
        until = now + _LONGEST_SLEEP_SECONDS
        for at in (
            self._timer_at,
            self._resting[0][0] if self._resting and self._room > 0 else None,
            self._late[0][0] if self._late else None,
        ):
            if at is not None and at < until:
                until = at
        events = self._selector.select(max(0.0, until - now))
        action = self._multi.socket_action
        for key, mask in events:
            if key.fileobj is self._bell:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
                continue
            # libcurl may have dropped it while an earlier one was served.
            action(
                key.fd,
                (pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0)
                | (pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0),
            )
        if self._timer_at is not None and self._timer_at <= time.monotonic():
            self._timer_at = None
            action(pycurl.SOCKET_TIMEOUT, 0)

    def _watch(self, what: int, number: int, _multi: object, _data: object) -> None:
        """libcurl says which of its sockets it waits for, and for what."""
        is_known = number in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self._selector.unregister(number)
        elif is_known:
            self._selector.modify(number, _EVENTS_OF[what])
        else:
            self._selector.register(number, _EVENTS_OF[what])

    def _set_timer(self, milliseconds: int) -> None:
        self._timer_at = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _take_replies(self) -> None:
        left = 1
        while left:
            left, ended_well, failed = self._multi.info_read()
            for curl, code, message in [(curl, 0, "") for curl in ended_well] + failed:
                self._multi.remove_handle(curl)
                index, handle = self._active.pop(curl)
                self._advance(index, handle.reply(code, message))

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
