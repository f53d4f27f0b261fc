"""`pantau pulse`: for cron or a monitoring system, exit code 1 where the pipeline stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from flows.changes_command import AsJson, DataDir
from flows.places import Places, now


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def pulse(
        config: Annotated[
            Path, typer.Option("--config", help="The institution's file, such as config/kota-contoh.yml.")
        ],
        data_dir: DataDir = Path("data"),
        as_json: AsJson = False,
    ) -> None:
        """Say whether collecting and scoring still run; 1 where one stands still longer than its schedule."""
        from collectors.institution import read_institution
        from flows.pulse import pulse as feel
        from transforms.alert import local_time

        file, _ = read_institution(config)
        beats = feel(file, Places(data_dir), now=now())
        if as_json:
            print_json([asdict(beat) for beat in beats])
        else:
            zone = ZoneInfo(file.institution.time_zone)
            for beat in beats:
                if beat.is_silent:
                    typer.echo(f"BERHENTI  {beat.message}")
                elif beat.last_run_at is not None:
                    typer.echo(f"berjalan  {beat.cadence}: terakhir {local_time(beat.last_run_at, zone)}")
        if any(beat.is_silent for beat in beats):
            raise typer.Exit(1)
