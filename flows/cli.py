"""`pantau`: the command line. Parses words, calls a stage, prints.

Exit codes: 0 fine, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from collectors.institution import Cadence
from collectors.plain_text import plain_lines, visible_json
from flows import two_times
from flows.attest_command import app as attest_app
from flows.changes_command import DataDir
from flows.changes_command import register as register_changes
from flows.compact_command import register as register_compact
from flows.evidence_command import register as register_evidence
from flows.export_command import register as register_export
from flows.forecast_command import register as register_forecast
from flows.maintain_command import register as register_maintain
from flows.places import Places, now
from flows.pulse_command import register as register_pulse
from flows.rebuild_command import register as register_rebuild
from flows.serve_command import register as register_serve
from flows.verify_command import register as register_verify
from flows.work_command import register as register_work
from transforms.index import rounded
from transforms.views import PageView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Pantau SPBE: a running, evidence-backed estimate of an institution's SPBE index.",
)

Config = Annotated[
    Path, typer.Option("--config", help="The institution's file, such as config/kota-contoh.yml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Score as of the end of this day, or this moment; default now.")
]
Instrument = Annotated[str | None, typer.Option("--instrument", help="Its id; without it the headline's.")]
Which = Annotated[str | None, typer.Option("--institution", help="Its id, where the copy holds several.")]

DATA = Path("data")


class UsageError(Exception):
    """The command was called with something that cannot be; exit code 2."""


@app.command()
def run(config: Config, data_dir: DataDir = DATA, as_json: AsJson = False) -> None:
    """Run every stage once, as a Prefect flow, and show the index."""
    from flows.terminal import changed_since, show_run
    from warehouse import read
    from warehouse.connection import reading

    places = Places(data_dir)
    result = _run_flow(config, places)
    if as_json:
        _print_json(_run_document(result))
    else:
        with reading(places.published) as connection:
            page = read.page_view(connection, result.scored[0].institution)
        show_run(result, page, places, changed_since(result.scored, page))
    if any(r.outcome == "error" for r in result.loaded) or any(r.error for r in result.notified):
        raise typer.Exit(1)


@app.command()
def collect(
    config: Config,
    data_dir: DataDir = DATA,
    cadence: Annotated[Cadence | None, typer.Option(help="Only what is due at this cadence.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    as_json: AsJson = False,
) -> None:
    """Capture the sources into the archive. Touches the network; decides nothing."""
    from collectors.archive import Archive
    from flows.collect import collect as stage
    from flows.progress import bars
    from flows.terminal import show_collected

    with bars():
        results = stage(config, Archive(Places(data_dir).archive), clock=now, cadence=cadence, only=source)
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        show_collected(results)
    if results and all(result.outcome == "failed" for result in results):
        raise typer.Exit(1)


@app.command()
def load(config: Config, data_dir: DataDir = DATA, as_json: AsJson = False) -> None:
    """Load what the archive holds and the warehouse has not seen."""
    from flows.load import load as stage
    from flows.progress import bars
    from flows.terminal import show_loaded

    with bars():
        results = stage(Places(data_dir), now=now(), institution=_institution_of(config))
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        show_loaded(results)
    if any(result.outcome == "error" for result in results):
        raise typer.Exit(1)


@app.command()
def score(
    config: Config,
    data_dir: DataDir = DATA,
    as_of: AsOf = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Also score every day from this one on (history: no alerts).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute findings, levels and the index from the warehouse, and append them."""
    from flows.score import score as stage
    from flows.terminal import show_scored

    at = now()
    first = two_times.moment("--from", since, at, begins=True)
    moment = two_times.moment("--as-of", as_of, at) or at
    results = stage(
        Places(data_dir), as_of=moment, now=at, institutions=(_institution_of(config),), since=first
    )
    if as_json:
        _print_json([_scored_document(result) for result in results])
    else:
        show_scored(results)


@app.command()
def publish(config: Config, data_dir: DataDir = DATA, as_json: AsJson = False) -> None:
    """Swap in the read-only DuckDB copy and the page."""
    from flows.publish import publish as stage

    _institution_of(config)
    published = stage(Places(data_dir), now=now())
    if as_json:
        _print_json({"copy": str(published.copy), "pages": [str(page) for page in published.pages]})
        return
    typer.echo(f"copy  {published.copy}")
    for page in published.pages:
        typer.echo(f"page  {page}")


@app.command()
def notify(config: Config, data_dir: DataDir = DATA, as_json: AsJson = False) -> None:
    """Deliver what the outbox still holds (JSON lines, and the addresses in PANTAU_APPRISE_URLS)."""
    from flows.notify import notify as stage

    _institution_of(config)
    results = stage(Places(data_dir), now=now())
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        for result in results:
            typer.echo(
                f"{result.channel}: {result.events} events" + (f"; {result.error}" if result.error else "")
            )
        if not results:
            typer.echo("nothing to deliver")
    if any(result.error for result in results):
        raise typer.Exit(1)


@app.command()
def index(
    data_dir: DataDir = DATA,
    institution: Which = None,
    instrument: Instrument = None,
    as_of: two_times.AsOf = None,
    known_at: two_times.KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Show the index of the last scored date, or of one before: three numbers, predikat, against target."""
    from flows.instrument_terminal import show_beside, show_unverified
    from flows.terminal import show_index
    from warehouse import read

    times = two_times.asked(as_of, known_at, now())
    with two_times.opened(Places(data_dir), times, institution) as connection:
        named = read.index_view(connection, institution, instrument).institution
        page = read.page_view(connection, named, instrument)
    if as_json:
        _print_json(_index_document(page) | {"known_at": times.known_at})
        return
    show_index(page)
    if said := two_times.told(times, page.index.scored_at):
        typer.echo(said)
    show_beside(page.beside)
    if instrument:
        show_unverified(page.norm.unverified)


@app.command()
def explain(
    indicator: Annotated[str | None, typer.Argument(help="Its number, such as 8 or I08.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="A dossier of every indicator.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a dossier: dosir.md or dosir.html.")
    ] = None,
    data_dir: DataDir = DATA,
    institution: Which = None,
    instrument: Instrument = None,
    as_of: two_times.AsOf = None,
    known_at: two_times.KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Explain an indicator down to the words of its evidence, with Fakta and Analisis; or write a dossier."""
    from flows import explain_command
    from flows.instrument_terminal import show_carried, show_external
    from warehouse import read

    if everything == (indicator is not None):
        raise UsageError("name one indicator, such as pantau explain 8, or all of them with --all")
    if output is not None or (everything and not as_json):
        explain_command.form_of(output)
    times = two_times.asked(as_of, known_at, now())
    with two_times.opened(Places(data_dir), times, institution) as connection:
        index = read.index_view(connection, institution, instrument)
        if indicator is None:
            found = read.indicators(connection, index)
        else:
            number = explain_command.number_of(indicator)
            found = (read.indicator_view(connection, institution, number, instrument),)
            carried, external = read.beside_indicator(connection, institution, number, instrument)
    views = [explain_command.with_texts(view, index) for view in found]
    said = two_times.told(times, index.scored_at)
    if output is not None:
        size = explain_command.write_dossier(output, index, views, said)
    if as_json:
        documents = [asdict(view) for view in views]
        if not everything:
            documents[0] |= {
                "carried_over": carried and asdict(carried),
                "external_index": external and asdict(external),
                "as_of": index.as_of,
                "known_at": times.known_at,
            }
        _print_json(documents if everything else documents[0])
    elif output is not None:
        typer.echo(f"{len(views)} indicators, {size} bytes written to {output}")
    else:
        explain_command.show_indicator(views[0], index)
        show_external(external)
        show_carried(carried)
    if said and not as_json:
        typer.echo(said)


@app.command()
def doctor(config: Config, data_dir: DataDir = DATA, as_json: AsJson = False) -> None:
    """Check a configuration, the data folder, and what can be reached from here."""
    from flows.doctor import examine
    from flows.terminal import show_examined

    results = examine(config, Places(data_dir), clock=now)
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        show_examined(results)
    if any(not result.ok for result in results):
        raise typer.Exit(1)


@app.command()
def plan(
    target: Annotated[str, typer.Option(help="The index to reach, such as 4.50.")],
    by: Annotated[str, typer.Option(help="The last day, such as 2027-06-30.")],
    config: Annotated[
        Path | None, typer.Option("--config", help="Institution's file: costs, limits.")
    ] = None,
    data_dir: DataDir = DATA,
    institution: Which = None,
    instrument: Annotated[str | None, typer.Option(help="Its id, where there are several.")] = None,
    alternatives: Annotated[int, typer.Option(min=0, max=20, help="How many next best plans to show.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Find the cheapest set of level rises that reaches a target by a date, and the next best ones."""
    from flows import plan_command

    index, assumptions, planned = plan_command.make_plan(
        Places(data_dir),
        target=target,
        by=by,
        now=now(),
        config=config,
        institution=institution,
        instrument=instrument,
        alternatives=alternatives,
    )
    if as_json:
        _print_json(plan_command.plan_document(index, assumptions, planned))
    else:
        plan_command.show_plan(index, assumptions, planned)
    if not planned.plans:
        raise typer.Exit(1)


@app.command()
def backtest(
    official: Annotated[
        Path, typer.Argument(help="CSV of institution, instrument, year, as_of, scope, code, value.")
    ],
    data_dir: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Compare provisional values with official results: bias, absolute error, share inside the bounds."""
    from flows import backtest_command

    result = backtest_command.run_backtest(Places(data_dir), official)
    if as_json:
        _print_json(backtest_command.backtest_document(result))
    else:
        backtest_command.show_backtest(result)
    if not result.compared:
        raise typer.Exit(1)


@app.command()
def calc(
    instrument: Annotated[str, typer.Option(help="Its id, such as spbe-2020.")],
    levels: Annotated[
        Path,
        typer.Option(help='JSON {"1": 3, ...} or CSV indicator,level; of many: {"name": {...}}, a row each.'),
    ],
) -> None:
    """Compute the index from one level per indicator (or one value per aspect or domain). Prints JSON."""
    from flows.calc_command import calculated

    document, unverified, complete = calculated(instrument, levels)
    _print_json(document)
    for setting in unverified:
        typer.echo(f"not verified in the regulation: {setting}", err=True)
    if not complete:
        raise typer.Exit(1)


@app.command()
def parse(
    collector: Annotated[
        str, typer.Argument(help="regulations, app_registry, attestations, open_data or uptime.")
    ],
    file: Annotated[Path, typer.Argument(help="The saved page or export.")],
    profile: Annotated[str | None, typer.Option(help="HTML profile; without it all are tried.")] = None,
) -> None:
    """Parse a saved file: one JSON record a line on stdout, rejects and a summary on stderr."""
    from flows.try_out import parse_saved

    parsed = parse_saved(collector, file, profile)
    for record in parsed.records:
        typer.echo(visible_json(json.dumps(asdict(record), default=str, ensure_ascii=False)))
    for reject in parsed.rejects:
        typer.echo(f"reject  {reject.where}: {reject.reason}", err=True)
    for note in parsed.notes:
        typer.echo(f"note    {note}", err=True)
    typer.echo(
        f"{file}: {parsed.seen} rows = {len(parsed.records)} records + {len(parsed.rejects)} rejects "
        f"+ {parsed.duplicates} repeated",
        err=True,
    )
    if not parsed.records:
        raise typer.Exit(1)


@app.command()
def check(
    urls: Annotated[list[str], typer.Argument(help="Addresses to check once each.")],
    text: Annotated[str | None, typer.Option(help="Text the page must hold.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Extra certificate authority (PEM).")] = None,
    allow_private: Annotated[bool, typer.Option(help="Allow loopback and private addresses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check services once: DNS, connect, TLS, first byte, total, status, certificate."""
    from flows.terminal import show_checks
    from flows.try_out import check_addresses

    results = check_addresses(urls, text=text, ca_file=ca_file, allow_private=allow_private, clock=now)
    if as_json:
        _print_json(results)
    else:
        show_checks(results)
    if any(result["is_up"] is not True for result in results):
        raise typer.Exit(1)


@app.command(name="import-uptime")
def import_uptime(
    file: Annotated[Path, typer.Argument(help="kuma.db or backup JSON; Gatus' data.db or statuses JSON.")],
    config: Config,
    tool: Annotated[str, typer.Option("--format", help="uptime-kuma or gatus.")],
    mapping: Annotated[Path | None, typer.Option(help="YAML: monitor name to service id.")] = None,
    data_dir: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Archive the history of uptime checks that another tool holds, for service levels."""
    from collectors.archive import Archive
    from flows.import_uptime import import_uptime as stage

    if tool not in ("uptime-kuma", "gatus"):
        raise UsageError(f"--format {tool!r} is not known; there are: uptime-kuma, gatus")
    archive = Archive(Places(data_dir).archive)
    results = stage(
        config, file, cast(Literal["uptime-kuma", "gatus"], tool), archive, clock=now, mapping=mapping
    )
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        for r in results:
            where = r.service or "no service"
            left = f", {r.unreadable} unreadable" if r.unreadable else ""
            why = f" ({r.reason})" if r.reason else ""
            typer.echo(f"{r.monitor} -> {where}: {r.archived} of {r.checks} checks archived{left}{why}")
    if not any(result.service for result in results):
        raise typer.Exit(1)


def _run_flow(config: Path, places: Places) -> Any:
    from collectors.institution import read_institution
    from flows.prefect_server import prefect_api
    from flows.progress import bars

    read_institution(config)
    with bars(), prefect_api(places):
        from flows.pipeline import run as run_flow

        return run_flow(config.resolve(), places.root.resolve())


def _run_document(result: Any) -> dict[str, Any]:
    return {
        "collected": [asdict(r) for r in result.collected],
        "loaded": [asdict(r) for r in result.loaded],
        "scored": [_scored_document(r) for r in result.scored],
        "published": {"copy": result.published.copy, "pages": list(result.published.pages)},
        "notified": [asdict(r) for r in result.notified],
    }


def _scored_document(result: Any) -> dict[str, Any]:
    current = result.current
    return {
        "institution": result.institution,
        "instrument": result.instrument,
        "score_id": current.score_id,
        "as_of": current.as_of,
        "ruleset_hash": current.ruleset_hash,
        "is_new": result.is_new,
        "aggregates": [
            {
                "scope": a.scope,
                "code": a.code,
                "name": a.name,
                "proven": rounded(a.proven),
                "provisional": rounded(a.provisional),
                "possible": rounded(a.possible),
                "coverage": rounded(a.coverage, 4),
                "predikat": a.predikat,
            }
            for a in current.aggregates
        ],
        "alerts": [{**asdict(alert), "is_new": alert.event_key in result.news} for alert in result.alerts],
    }


def _index_document(page: PageView) -> dict[str, Any]:
    """The index, its parts, and weight and levels of every indicator, so that the sum can be redone."""
    levels = ("number", "short_name", "weight", "proven", "provisional", "possible", "official", "coverage")
    return {
        **asdict(page.index),
        "rounded": {
            name: rounded(Fraction(getattr(page.index, name)))
            for name in ("proven", "provisional", "possible")
        },
        "aggregates": [asdict(aggregate) for aggregate in page.aggregates],
        "indicators": [{name: getattr(i, name) for name in levels} for i in page.indicators],
        "weakest": [{"number": i.number, "blocking": i.blocking, "remedy": i.remedy} for i in page.weakest],
        "unverified": [asdict(setting) for setting in page.norm.unverified],
        "beside": [asdict(view.index) for view in page.beside],
    }


def _institution_of(config: Path) -> str:
    from collectors.institution import read_institution

    return read_institution(config)[0].institution.id


def _print_json(document: Any) -> None:
    typer.echo(visible_json(json.dumps(document, default=_plain, ensure_ascii=False, indent=2)))


def _plain(value: object) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal() | Fraction() | Path():
            return str(value)
        case tuple() | set() | frozenset():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


app.add_typer(attest_app, name="attest")
register_changes(app, _print_json)
register_forecast(app, _print_json)
register_evidence(app, _print_json)
register_export(app, _print_json)
register_serve(app)
register_maintain(app, _print_json)
register_pulse(app, _print_json)
register_rebuild(app, _print_json)
register_verify(app, _print_json)
register_work(app, _print_json)
register_compact(app, _print_json)


def main() -> None:
    """Run a command; say in one line what went wrong."""
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last resort: nobody sees a traceback unasked
        sys.exit(_explain_failure(error))


def _explain_failure(error: Exception) -> int:
    """Print what went wrong, foreseen or not; the exit code is returned."""
    from flows.failures import FAILED, WRONG_USAGE

    said = plain_lines(str(error))
    if isinstance(error, (UsageError, *WRONG_USAGE)):
        typer.echo(f"pantau: {said}", err=True)
        return 2
    if isinstance(error, FAILED):
        if isinstance(error, OSError) and error.filename is not None and said.startswith("[Errno"):
            said = plain_lines(f"{error.filename}: {error.strerror}; check the path and who may use it")
        typer.echo(f"pantau: {said}", err=True)
        return 1
    if os.environ.get("PANTAU_TRACEBACK"):
        traceback.print_exception(error)
    typer.echo(
        f"pantau: defect: {type(error).__name__}: {said} (PANTAU_TRACEBACK=1 shows where; please report it)",
        err=True,
    )
    return 1
