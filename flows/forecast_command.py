"""`pantau forecast`: the index by date if nobody acts, and what lapses next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.changes_command import AsJson, DataDir, moment
from flows.places import Places

if TYPE_CHECKING:
    from rich.table import Table

    from transforms.forecast_views import ExpiryView, ForecastView
    from transforms.views import IndexView

SHOWN = 12
"""Days printed for each scenario; --json and the marts hold all moments."""
CRITERIA_SHOWN = 3


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
    """Both scenarios: a line per day on which the index changes, then what lapses by perangkat daerah."""
    from rich.console import Console

    from flows.terminal import escape
    from transforms.index import rounded

    out = Console(highlight=False)
    names = {
        "sources_run": "sources keep running, nobody acts: statements expire",
        "all_stops": "the pipeline stops too: all evidence ages",
    }
    out.print(f"[bold]{escape(index.name)}[/]  {index.instrument}, from {view.as_of:%Y-%m-%d %H:%M}Z")
    for scenario, name in names.items():
        # Of several moments of a day, the last says where the day ends.
        points = list({p.day: p for p in view.points if p.scenario == scenario}.values())
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
        if expiries:
            out.print(_owners(expiries))
    if view.known_until:
        out.print(f"\nNot looked at beyond {view.known_until:%Y-%m-%d}: too much is known to change.")


def _owners(expiries: Sequence[ExpiryView]) -> Table:
    """The next expiry of each perangkat daerah, the nearest first, and what all of its own cost the index."""
    from rich.table import Table

    from flows.terminal import escape
    from transforms.index import rounded

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("perangkat daerah", "next", "days", "what lapses", "terbukti", "sementara"):
        right = name in ("days", "terbukti", "sementara")
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=name == "next")

    def total(changes: Iterable[Decimal]) -> str:
        return f"{rounded(Fraction(sum(changes, Decimal(0))), 3):+f}"

    for owner in dict.fromkeys(e.owner for e in expiries):
        own = [e for e in expiries if e.owner == owner]
        named = list(dict.fromkeys(e.criterion or f"I{e.indicator}" for e in own if e.day == own[0].day))
        more = f" +{len(named) - CRITERIA_SHOWN}" if len(named) > CRITERIA_SHOWN else ""
        table.add_row(
            escape(owner),
            str(own[0].day),
            str(own[0].days_left),
            f"{', '.join(named[:CRITERIA_SHOWN])}{more}: {own[0].event}",
            total(e.proven_change for e in own),
            total(e.provisional_change for e in own),
        )
    return table
