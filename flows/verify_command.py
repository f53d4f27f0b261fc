"""`pantau verify`: does everything follow from the captured bytes, and where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flows.changes_command import AsJson, DataDir
from flows.places import Places, now

if TYPE_CHECKING:
    from warehouse.verify import Verified


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def verify(data_dir: DataDir = Path("data"), as_json: AsJson = False) -> None:
        """Check archive, warehouse and published files link by link; exit code 1 at a broken one."""
        from collectors.archive import Archive
        from flows.progress import bars, report
        from warehouse.verify import verify as check

        places = Places(data_dir)
        with bars():
            verified = check(
                Archive(places.archive),
                places.home,
                places.published,
                now=now(),
                progress=lambda done, total, what: report("verify", done, total, what),
            )
        if as_json:
            print_json({"is_intact": not verified.broken, **asdict(verified)})
        else:
            _show(verified)
        if verified.broken:
            raise typer.Exit(1)


def _show(verified: Verified) -> None:
    typer.echo(
        f"archive: {verified.sources} sources, {verified.entries} ledger entries, {verified.size} bytes read"
        + (f"; {verified.pending} entries wait for pantau load" if verified.pending else "")
    )
    for left in verified.left:
        typer.echo(f"left by a run that was killed, pantau collect keeps or cuts it: {left}")
    if verified.repeated is None:
        typer.echo("warehouse: its rows were not compared")
    else:
        typer.echo(f"warehouse: {verified.repeated} operations repeated, every table compared row for row")
    if verified.taken:
        typer.echo(
            f"{verified.taken} scores are by rules this program no longer has: compared with nothing; "
            "the program that made them can verify them"
        )
    for broken in verified.broken:
        typer.echo(f"broken: {broken}")
    typer.echo(f"{len(verified.broken)} broken links" if verified.broken else "no broken link")
