"""`pantau work`: one worker's share of many institutions, for a warehouse that many write at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from collectors.institution import Cadence
from flows.changes_command import AsJson, DataDir
from flows.places import Places, now

Stage = Literal["collect", "load", "score"]


class WorkUsageError(Exception):
    """The command was called with something that cannot be; exit code 2."""


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def work(
        folder: Annotated[Path, typer.Argument(help="Holds a file per institution, such as config/.")],
        data_dir: DataDir = Path("data"),
        share: Annotated[str, typer.Option(help="Which worker of how many this is, such as 2/4.")] = "1/1",
        stages: Annotated[str, typer.Option(help="Of collect, load, score; loading is always done.")] = (
            "collect,load,score"
        ),
        cadence: Annotated[Cadence | None, typer.Option(help="Collect only what is due at this.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Collect, load and score this worker's share of many institutions, in one process."""
        from flows.progress import bars, report
        from flows.work import share_of
        from flows.work import work as do_work

        number, workers = _share(share)
        chosen = _stages(stages)
        files = share_of(sorted(folder.glob("*.yml")), number, workers)
        if not files:
            raise WorkUsageError(f"{folder}: has no institution's file (*.yml) for worker {share}")
        done: list[str] = []

        def hear(name: str) -> None:
            done.append(name)
            report("work", len(done), len(files), name)

        with bars():
            results = do_work(
                files,
                Places(data_dir),
                clock=now,
                is_collecting="collect" in chosen,
                is_scoring="score" in chosen,
                cadence=cadence,
                progress=hear,
            )
        if as_json:
            print_json([asdict(result) for result in results])
        else:
            for result in results:
                said = f"; {result.problem}" if result.problem else ""
                typer.echo(
                    f"{result.institution}: {result.entries} entries loaded, "
                    f"index {result.index or 'not scored'}{said}"
                )
        if any(result.problem for result in results):
            raise typer.Exit(1)


def _share(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise WorkUsageError(f"--share {text!r}: write which worker of how many, such as 2/4")
    return int(found[1]), int(found[2])


def _stages(text: str) -> set[str]:
    chosen = {stage.strip() for stage in text.split(",")}
    if not chosen <= set(get_args(Stage)):
        raise WorkUsageError(f"--stages {text!r}: write some of {', '.join(get_args(Stage))}")
    return chosen
