"""`pantau rebuild`: the warehouse once more, from the archive alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flows.changes_command import AsJson, DataDir
from flows.places import Places, now

if TYPE_CHECKING:
    from warehouse.rebuild import Rebuilt

WORDS = {
    "load": "ledger entries loaded",
    "score": "scorings",
    "rescore": "rescorings",
    "forecast": "forecasts (only the last of each institution is made)",
    "rollup": "roll-ups of uptime checks",
    "delivery": "deliveries taken over, nothing is sent",
}


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def rebuild(data_dir: DataDir = Path("data"), as_json: AsJson = False) -> None:
        """Make the warehouse anew from the archive and swap it in; the old one is kept as .before."""
        from collectors.archive import Archive
        from flows.progress import bars, report
        from warehouse.count_ahead import count_ahead
        from warehouse.rebuild import rebuild as make_anew

        places = Places(data_dir)
        with bars():
            made = make_anew(
                Archive(places.archive),
                places.home,
                now=now(),
                progress=lambda done, total, what: report("rebuild", done, total, what),
            )
        # What was counted of the old one holds no longer.
        count_ahead(places.home, places.published, now=now())
        if as_json:
            print_json(asdict(made))
        else:
            _show(made, places)


def _show(made: Rebuilt, places: Places) -> None:
    done = made.replayed
    counts: dict[str, int] = {str(kind): count for kind, count in done.operations.items()}
    for kind, words in WORDS.items():
        if count := counts.get(kind, 0):
            typer.echo(f"{count:7d}  {words}")
    typer.echo(f"{made.total:7d}  operations in the archive, all repeated in order")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.loads.items()))
    typer.echo(f"entries: {outcomes or 'none'}; {done.rows} rows")
    if done.kept:
        typer.echo(
            f"{done.kept} scores are by rules this program no longer has: taken over from the old file"
        )
    if done.replaced:
        typer.echo(
            f"{done.replaced} scores were by rules this program no longer has, and no warehouse holds them: "
            "their dates were scored by the present rules"
        )
    if made.pending:
        typer.echo(f"{made.pending} entries were never loaded: pantau load takes them")
    if not made.total:
        typer.echo("the archive holds no operations: nothing was loaded or scored yet")
    if made.unreadable:
        typer.echo(f"the old warehouse could not be used: {made.unreadable}")
    for difference in made.changed or ():
        typer.echo(
            f"not as in the old warehouse: {difference.table}, {difference.missing} rows new, "
            f"{difference.surplus} gone; {difference.first}"
        )
    if made.changed == ():
        typer.echo("every row is as in the old warehouse")
    typer.echo(f"{places.home} is rebuilt" + (f"; the old one is {made.before}" if made.before else ""))
