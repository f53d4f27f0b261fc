"""One process at a time at what is not the warehouse itself: the copy, the pages, the messages."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.connection import DEFAULT_WAIT_SECONDS
from warehouse.errors import WarehouseBusyError, WarehouseError


@contextmanager
def only_one(target: Path, doing: str, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Nobody else is at `target` meanwhile. The lock of a process that died is free.

    Raises WarehouseBusyError naming the holder, and what it said it is `doing`, after `wait_seconds`;
    WarehouseError when nothing can be written there.
    """
    path = target.with_name(f".{target.name}.lock")
    deadline = time.monotonic() + wait_seconds
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+")
    except OSError as error:
        raise WarehouseError(f"{path.parent}: cannot be created ({error.strerror})") from error
    with handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    raise WarehouseBusyError(
                        f"{target}: process {handle.read().strip() or f'unknown is {doing}'}; "
                        "wait for it to end or stop it, then run again"
                    ) from None
                time.sleep(0.1)
        handle.truncate(0)
        handle.write(f"{os.getpid()} is {doing}")
        handle.flush()
        yield
