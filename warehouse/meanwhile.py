"""Computing while DuckDB works: two cores, of which Python alone uses one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

_TURN_SECONDS = 2e-5
"""How often who computes lets go of Python's lock.

DuckDB takes it for an instant after each piece of its work, some thousand times a second. At the usual 5 ms
the work would take ten times as long; in shorter turns nothing more is gained.
"""


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Have `work` done on another thread while the block computes; it has ended, well, when the block has.

    The block must not touch the connection that `work` uses. What `work` raises is raised at the end.
    """
    usual = sys.getswitchinterval()
    with ThreadPoolExecutor(1) as beside_us:
        done = beside_us.submit(work)
        sys.setswitchinterval(_TURN_SECONDS)
        try:
            yield
        finally:
            sys.setswitchinterval(usual)
        done.result()
