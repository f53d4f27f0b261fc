"""`pantau compact`: the upkeep of a warehouse that is a lake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from flows.changes_command import AsJson, DataDir
from flows.places import Places, now


class NoLakeError(Exception):
    """The warehouse is a file; exit code 2."""


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def compact(data_dir: DataDir = Path("data"), as_json: AsJson = False) -> None:
        """Merge the files of a lake, and remove those that nobody can see any more. Writers wait."""
        from warehouse.compact_lake import compact as make_compact
        from warehouse.lake import Lake

        home = Places(data_dir).home
        if not isinstance(home, Lake):
            raise NoLakeError(f"{home}: is a file; only a DuckLake, named in pantau.yml, is compacted so")
        done = make_compact(home, now=now())
        if as_json:
            print_json(asdict(done))
            return
        typer.echo(f"files  {done.files_before} -> {done.files}, bytes {done.bytes_before} -> {done.bytes}")
        typer.echo(
            f"{done.rows_moved} rows moved out of the catalog, {done.snapshots_expired} snapshots dropped, "
            f"{done.files_removed} files removed"
        )
