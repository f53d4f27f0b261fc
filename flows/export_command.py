"""`pantau export`: views of the published copy as files for spreadsheets and programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.changes_command import DataDir
from flows.places import Places
from warehouse.export import FORMATS


class ExportUsageError(Exception):
    """A format that there is not; exit code 2."""


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def export(
        marts: Annotated[
            list[str] | None, typer.Argument(help="Views, such as indeks_harian; without any, all.")
        ] = None,
        kind: Annotated[str, typer.Option("--format", help="csv, xlsx, parquet or json.")] = "csv",
        output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")] = Path(
            "ekspor"
        ),
        data_dir: DataDir = Path("data"),
        as_json: Annotated[
            bool, typer.Option("--json", help="Print one JSON document and nothing else.")
        ] = False,
    ) -> None:
        """Write views of the published copy to files: CSV, XLSX, Parquet or JSON lines, safe to open."""
        from warehouse.connection import reading
        from warehouse.export import export as write

        if kind not in FORMATS:
            raise ExportUsageError(f"--format {kind!r} is not known; there are: {', '.join(FORMATS)}")
        with reading(Places(data_dir).published) as connection:
            written = list(write(connection, marts or [], kind, output))
        if as_json:
            print_json([{"mart": one.mart, "path": one.path, "rows": one.rows} for one in written])
            return
        for one in written:
            typer.echo(f"{one.path}  {one.rows} rows")
