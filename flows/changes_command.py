"""`pantau changes` and `pantau rescore`: why the index moved, and history under the present rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from flows.places import Places, now

if TYPE_CHECKING:
    from transforms.attribution import Change, Part, Scored
    from warehouse.change_view import ChangesView
    from warehouse.score import Rescored

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", file_okay=False, help="Where archive, warehouse and published copy live."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


class MomentError(Exception):
    """An option is no date or moment; exit code 2."""


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add both commands; `print_json` prints a document as every command does."""

    @app.command()
    def changes(
        start: Annotated[
            str | None, typer.Option("--from", help="Day or moment; default the scored date before.")
        ] = None,
        end: Annotated[str | None, typer.Option("--to", help="Day or moment; default the latest.")] = None,
        data_dir: DataDir = Path("data"),
        institution: Annotated[
            str | None, typer.Option("--institution", help="Its id, where the copy holds several.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Explain the change of the index between any two scored dates, down to criterion and evidence."""
        from warehouse.change_view import changes_view
        from warehouse.connection import reading

        with reading(Places(data_dir).published) as connection:
            view = changes_view(connection, institution, moment("--from", start), moment("--to", end))
        if as_json:
            print_json(document(view))
        else:
            show(view)

    @app.command()
    def rescore(
        config: Annotated[Path, typer.Option("--config", help="The institution's file.")],
        data_dir: DataDir = Path("data"),
        since: Annotated[str | None, typer.Option("--since", help="Only dates from this day on.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Score the dates that older rules scored again, under the present ones; both scores stay."""
        from collectors.institution import read_institution
        from warehouse.score import rescore as stage

        known = read_institution(config)[0].institution
        begin = moment("--since", since)
        if begin is not None and not isinstance(begin, datetime):
            begin = datetime(begin.year, begin.month, begin.day, tzinfo=ZoneInfo(known.time_zone))
        results = stage(Places(data_dir).home, now=now(), institution=known.id, since=begin)
        if as_json:
            print_json([rescored_document(result) for result in results])
        else:
            show_rescored(results)


def moment(option: str, text: str | None) -> date | datetime | None:
    """A day (2026-03-02) or a moment (ISO 8601, UTC unless it says otherwise). Raises MomentError."""
    if text is None:
        return None
    try:
        if len(text) <= len("2026-03-02"):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise MomentError(
            f"{option} {text!r} is no date; write 2026-03-02 or 2026-03-02T06:00+07:00"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def document(view: ChangesView) -> dict[str, Any]:
    """All of it, with contributions as exact fractions (``-3/200``) besides rounded decimals."""

    def part(part: Part) -> dict[str, Any]:
        return {
            "criterion": part.criterion,
            "cause": part.cause,
            **_amount(part.contribution),
            "state_before": part.state_before,
            "state_after": part.state_after,
            "reason_before": part.reason_before,
            "reason_after": part.reason_after,
            "evidence": [
                {
                    "id": share.evidence,
                    **_amount(share.contribution),
                    "url": known.url if known else None,
                    "source": known.source if known else None,
                    "captured_at": known.captured_at if known else None,
                    "sha256": known.digest if known else None,
                }
                for share in part.evidence
                for known in [view.evidence.get(share.evidence or "")]
            ],
        }

    def change(change: Change) -> dict[str, Any]:
        return {
            "indicator": change.indicator,
            "name": view.names.get(change.indicator),
            "before": change.before,
            "after": change.after,
            "cause": change.cause,
            **_amount(change.contribution),
            "parts": [part(p) for p in change.parts],
        }

    return {
        "institution": view.index.institution,
        "instrument": view.index.instrument,
        "from": _end(view.before),
        "to": _end(view.after),
        **_amount(sum((c.contribution for c in view.changes), Fraction(0))),
        "changes": [change(c) for c in view.changes],
        "rules_alone": None
        if view.rules_before is None
        else {
            "from": _end(view.rules_before),
            "to": _end(view.before),
            **_amount(sum((c.contribution for c in view.rules_changes), Fraction(0))),
            "changes": [change(c) for c in view.rules_changes],
        },
    }


def rescored_document(result: Rescored) -> dict[str, Any]:
    """One date under both rules."""
    moved = sum((c.contribution for c in result.changes), Fraction(0))
    return {
        "institution": result.institution,
        "as_of": result.after.as_of,
        "before": _end(result.before),
        "after": _end(result.after),
        **_amount(moved),
    }


def show(view: ChangesView) -> None:
    """The two dates, then each indicator with its criteria, causes and evidence."""
    from rich.console import Console

    from flows.terminal import escape
    from transforms.attribution import CAUSE_TEXT
    from transforms.views import STATE_NAMES

    out = Console(highlight=False, soft_wrap=True)

    def lines(changes: tuple[Change, ...]) -> None:
        for c in changes:
            name = escape(view.names.get(c.indicator, ""))
            out.print(
                f"  [bold]I{c.indicator} {name}[/]: {_level(c.before)} -> {_level(c.after)} "
                f"({_signed(c.contribution)})"
            )
            for part in c.parts:
                where = part.criterion or ("aturan" if part.cause == "rules" else "nilai resmi")
                states = " -> ".join(
                    STATE_NAMES.get(state, state) for state in (part.state_before, part.state_after) if state
                )
                out.print(f"    {where} ({_signed(part.contribution)}) {CAUSE_TEXT[part.cause]}; {states}")
                for reason in dict.fromkeys((part.reason_before, part.reason_after)):
                    if reason:
                        out.print(f"      [dim]{escape(reason)}[/]")
                for share in part.evidence:
                    known = view.evidence.get(share.evidence or "")
                    if known:
                        seen = f"{known.captured_at:%Y-%m-%d %H:%M}Z {known.digest[:23]}"
                        out.print(
                            f"      [dim]bukti {escape(known.url)} {seen} ({_signed(share.contribution)})[/]"
                        )

    total = sum((c.contribution for c in view.changes), Fraction(0))
    out.print(f"[bold]{escape(view.index.name)}[/]  {view.index.instrument}")
    out.print(
        f"{view.before.as_of:%Y-%m-%d %H:%M}Z {_index(view.before)} -> "
        f"{view.after.as_of:%Y-%m-%d %H:%M}Z {_index(view.after)} ({_signed(total)})"
    )
    lines(view.changes)
    if not view.changes:
        out.print("  no indicator changed its provisional level")
    if view.rules_before is not None:
        alone = sum((c.contribution for c in view.rules_changes), Fraction(0))
        out.print(
            f"The rules changed: {view.before.as_of:%Y-%m-%d %H:%M}Z was {_index(view.rules_before)} under "
            f"{view.rules_before.ruleset_hash[:12]}, is {_index(view.before)} under "
            f"{view.before.ruleset_hash[:12]} ({_signed(alone)}, no change of what is assessed)"
        )
        lines(view.rules_changes)


def show_rescored(results: list[Rescored]) -> None:
    """One line per date."""
    for r in results:
        moved = sum((c.contribution for c in r.changes), Fraction(0))
        typer.echo(
            f"{r.institution} {r.after.as_of:%Y-%m-%d %H:%M}Z: {_index(r.before)} -> {_index(r.after)} "
            f"({_signed(moved)}) under {r.after.ruleset_hash[:12]}"
        )
    typer.echo(
        f"{len(results)} dates scored again; run pantau publish to show them"
        if results
        else "every scored date has a score under the present rules"
    )


def _end(scored: Scored) -> dict[str, Any]:
    return {
        "score_id": scored.score_id,
        "as_of": scored.as_of,
        "ruleset_hash": scored.ruleset_hash,
        "provisional": scored.index.provisional,
    }


def _amount(value: Fraction) -> dict[str, Any]:
    from transforms.index import rounded

    return {"contribution": value, "contribution_rounded": rounded(value, 4)}


def _index(scored: Scored) -> str:
    from transforms.index import rounded

    return str(rounded(scored.index.provisional))


def _level(value: Fraction | int) -> str:
    from transforms.index import rounded

    return str(value) if isinstance(value, int) else str(rounded(value))


def _signed(value: Fraction) -> str:
    from transforms.index import rounded

    return f"{rounded(value, 4):+f}"
