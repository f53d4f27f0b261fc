"""`pantau forecast`: the index by date if nobody acts, and what lapses next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.changes_command import AsJson, DataDir, moment
from flows.places import Places

if TYPE_CHECKING:
    from transforms.forecast_views import ExpiryView, ForecastView
    from transforms.views import IndexView

SHOWN = 12
"""Moments printed for each scenario; --json and the marts hold all."""


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def forecast(
        until: Annotated[str | None, typer.Option("--until", help="Last day; default to the end.")] = None,
        data_dir: DataDir = Path("data"),
        institution: Annotated[
            str | None, typer.Option("--institution", help="Its id, where the copy holds several.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the index by date if nobody acts: what expires when, and what the index loses by it."""
        from warehouse.connection import reading
        from warehouse.forecast_view import forecast_view
        from warehouse.read import ReadError, index_view

        last = moment("--until", until)
        day: date | None = last.date() if isinstance(last, datetime) else last
        with reading(Places(data_dir).published) as connection:
            index = index_view(connection, institution)
            view = forecast_view(connection, index, day)
        if view is None:
            raise ReadError(
                f"{index.institution}: the latest score ({index.as_of:%Y-%m-%d}) has no forecast by "
                f"{day or 'now'}; run pantau score and pantau publish, or choose a later day"
            )
        if as_json:
            print_json({"institution": index.institution, "instrument": index.instrument, **asdict(view)})
        else:
            show(index, view)


def show(index: IndexView, view: ForecastView) -> None:
    """Both scenarios: a line per moment at which the index changes, then what lapses by perangkat daerah."""
    from rich.console import Console

    from flows.terminal import escape
    from transforms.index import rounded

    out = Console(highlight=False, soft_wrap=True)
    names = {
        "sources_run": "sources keep running, nobody acts: statements expire",
        "all_stops": "the pipeline stops too: all evidence ages",
    }
    out.print(f"[bold]{escape(index.name)}[/]  {index.instrument}, from {view.as_of:%Y-%m-%d %H:%M}Z")
    for scenario, name in names.items():
        points = [p for p in view.points if p.scenario == scenario]
        expiries = [e for e in view.expiries if e.scenario == scenario]
        out.print(f"\n[bold]If {name}[/]")
        for p in points[:SHOWN]:
            numbers = " ".join(
                f"{label} {rounded(Fraction(value))}"
                for label, value in (
                    ("terbukti", p.proven),
                    ("sementara", p.provisional),
                    ("potensi", p.possible),
                )
            )
            out.print(f"  {p.day}  {numbers}  {p.predikat}")
        if len(points) > SHOWN:
            out.print(f"  and {len(points) - SHOWN} more changes until {points[-1].day}")
        _show_owners(out.print, expiries)
    if view.known_until:
        out.print(f"\nNot looked at beyond {view.known_until:%Y-%m-%d}: too much is known to change.")


def _show_owners(line: Callable[[str], None], expiries: list[ExpiryView]) -> None:
    """The next expiry of each perangkat daerah, the one that is nearest first."""
    from flows.terminal import escape
    from transforms.index import rounded

    for owner in dict.fromkeys(e.owner for e in expiries):
        own = [e for e in expiries if e.owner == owner]
        next_ones = [e for e in own if e.day == own[0].day]
        proven = sum((e.proven_change for e in own), own[0].proven_change * 0)
        whole = sum((e.provisional_change for e in own), own[0].provisional_change * 0)
        named = ", ".join(dict.fromkeys(e.criterion or f"I{e.indicator}" for e in next_ones[:4]))
        line(
            f"  [bold]{escape(owner)}[/]: {next_ones[0].day} ({next_ones[0].days_left} days) {named}: "
            f"{next_ones[0].event}; in all terbukti {rounded(Fraction(proven), 4):+f}, "
            f"sementara {rounded(Fraction(whole), 4):+f}"
        )
