"""`pantau maintain`: old uptime checks rolled up, the warehouse made compact, and how large everything is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flows.changes_command import AsJson, DataDir
from flows.places import Places, now

if TYPE_CHECKING:
    from warehouse.maintain import Maintained


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def maintain(data_dir: DataDir = Path("data"), as_json: AsJson = False) -> None:
        """Roll up uptime checks older than retention says, make the warehouse compact, show all sizes."""
        from flows.maintain import maintain as stage
        from flows.progress import bars

        with bars():
            done = stage(Places(data_dir), now=now())
        if as_json:
            print_json(asdict(done))
        else:
            _show(done)


def _show(done: Maintained) -> None:
    from flows.terminal import show_sizes

    for one in done.rolled_up:
        typer.echo(
            f"{one.institution}: {one.days} days of services rolled up; {one.checks_gone} checks and "
            f"{one.hours_gone} hours were old enough to go"
            if one.is_anything
            else f"{one.institution}: nothing to roll up"
        )
    show_sizes(done)
