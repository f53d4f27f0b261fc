"""Progress of long steps, told to whoever watches: a bar on a terminal, nothing in a worker."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

Report = Callable[[str, int, int, str], None]
"""Called with the stage, how many are done, how many there are, and what is being done now."""


def _nobody_watches(_stage: str, _done: int, _total: int, _what: str) -> None:
    """Workers and pipes have no bar."""


_watching: ContextVar[Report] = ContextVar("watching", default=_nobody_watches)


def report(stage: str, done: int, total: int, what: str = "") -> None:
    """Tell the watcher how far a stage is."""
    _watching.get()(stage, done, total, what)


@contextmanager
def bars() -> Iterator[None]:
    """Show a bar per stage on standard error while it is a terminal; else do nothing."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[what]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def on_terminal(stage: str, done: int, total: int, what: str) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total, what=what)
            shown.update(tasks[stage], completed=done, total=total, what=what[:30])

        token = _watching.set(on_terminal)
        try:
            yield
        finally:
            _watching.reset(token)
