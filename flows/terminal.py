"""What people see on a terminal: tables that fit 80 columns. Numbers and words come from below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape as without_markup
from rich.padding import Padding
from rich.table import Table

from collectors.plain_text import without_controls
from flows.places import Places
from flows.sizes import sizes_of
from transforms.index import rounded
from transforms.levels import shown
from transforms.views import AggregateView, IndexView, PageView, level_text

if TYPE_CHECKING:
    from flows.collect import CollectResult
    from flows.doctor import Examined
    from flows.pipeline import RunResult
    from transforms.alert import Alert
    from warehouse.load import LoadResult
    from warehouse.maintain import Maintained
    from warehouse.score import ScoreResult

_out = Console(highlight=False, soft_wrap=False)


def escape(text: str) -> str:
    """Text of others, as itself: no mark-up of ours, and nothing that a terminal obeys."""
    return without_markup(without_controls(text))


def show_collected(results: Sequence[CollectResult]) -> None:
    """One line per source."""
    table = _table("source", "outcome", "documents>", "bytes>")
    for result in results:
        table.add_row(result.source, _outcome(result.outcome), str(result.documents), f"{result.bytes:,}")
    _out.print(table)
    for result in results:
        if result.message:
            _out.print(f"[yellow]{escape(result.source)}[/]: {escape(result.message)}")


def show_sizes(done: Maintained) -> None:
    """Bytes before and after, of the files and of each table that has any."""
    table = _table("what", "rows>", "before>", "after>")
    rows = {one.table: one.rows for one in done.after.tables}
    for what, before, after in sizes_of(done):
        count = f"{rows[what]:,}" if what in rows else ""
        table.add_row(what, count, f"{before:,}", f"{after:,}")
    _out.print(table)


def show_loaded(results: Sequence[LoadResult]) -> None:
    """One line per ledger entry; rows seen are loaded, quarantined or repeated."""
    if not results:
        _out.print("Nothing new to load.")
        return
    table = _table("source", "outcome", "seen>", "loaded>", "quarantined>", "repeated>")
    for r in results:
        table.add_row(
            r.source, _outcome(r.outcome), *(str(n) for n in (r.seen, r.loaded, r.quarantined, r.duplicates))
        )
    _out.print(table)
    for result in results:
        if result.message and result.outcome != "loaded":
            _out.print(f"[yellow]{escape(result.source)}[/]: {escape(result.message)}")


def _still(old: Sequence[Alert]) -> str:
    counts = Counter(alert.kind for alert in old)
    named = ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in counts.items())
    return f"told before and still so: {named}"


def show_scored(results: Sequence[ScoreResult]) -> None:
    """The three numbers of each institution under each instrument, and its alerts."""
    table = _table("institution", "instrument", "as of", "proven>", "provisional>", "possible>", "predikat")
    for result in results:
        index = result.current.index
        table.add_row(
            result.institution,
            result.instrument,
            f"{result.current.as_of:%Y-%m-%d %H:%M}Z",
            *(str(rounded(value)) for value in (index.proven, index.provisional, index.possible)),
            index.predikat or "",
        )
    _out.print(table)
    for result in results:
        new, old = result.told()
        for alert in new:
            _out.print(f"[red]![/] {escape(alert.line)}")
        if old:
            _out.print(f"  {_still(old)}")
    if ruled := sorted({result.instrument for result in results if result.rules is not None}):
        _out.print(
            f"[yellow]![/] the rules of {', '.join(ruled)} have changed: dates before the last one are still "
            "under older ones; pantau rescore scores them again"
        )


def show_examined(results: Sequence[Examined]) -> None:
    """What was looked at, fine first by order."""
    for result in results:
        mark = "[green]ok  [/]" if result.ok else "[red]fail[/]"
        _out.print(f"{mark} {escape(result.what)}: {escape(result.detail)}")
    failed = sum(not result.ok for result in results)
    _out.print(f"{len(results) - failed} fine, {failed} not")


def show_checks(results: Sequence[dict[str, Any]]) -> None:
    """One uptime check a row, with its phases in milliseconds."""
    table = _table("address", "state", "http>", "dns>", "connect>", "tls>", "first>", "total>")
    for r in results:
        state = {True: "[green]up[/]", False: "[red]down[/]", None: "[yellow]unknown[/]"}[r["is_up"]]
        phases = (r[f"{name}_ms"] for name in ("dns", "connect", "tls", "first_byte", "total"))
        table.add_row(
            escape(r["url"]),
            state,
            str(r["status"] or "-"),
            *("-" if p is None else f"{p:.0f}" for p in phases),
        )
    _out.print(table)
    for r in results:
        if r["error_class"]:
            _out.print(f"{escape(r['url'])}: {escape(r['error_class'])}: {escape(r['error_message'] or '')}")
        if r["cert_expires_at"]:
            issuer = escape(r["cert_issuer"] or "unknown")
            _out.print(f"{escape(r['url'])}: certificate until {r['cert_expires_at']}, issued by {issuer}")


def show_run(result: RunResult, page: PageView, places: Places, since: Sequence[tuple[str, str]]) -> None:
    """What one run did, the index, what changed since the last scored date, and where to go on."""
    from flows.instrument_terminal import show_beside

    failed = [r for r in result.collected if r.outcome == "failed"]
    rows = sum(r.loaded for r in result.loaded)
    refused = sum(r.quarantined for r in result.loaded)
    _out.print(
        f"Collected {len(result.collected)} sources ({len(failed)} failed), loaded {rows} rows, "
        f"quarantined {refused}."
    )
    for r in result.loaded:
        if r.outcome in ("failed", "refused", "error"):
            _out.print(f"[yellow]{escape(r.source)} {r.outcome}[/]: {escape(r.message)}")
    _out.print()
    show_index(page)
    show_beside(page.beside)
    _out.print("\n[bold]Since the last scored date[/]")
    for mark, line in since:
        _item(f"[red]{mark}[/]" if mark == "!" else mark, escape(line))
    for delivered in result.notified:
        state = f"[red]{escape(delivered.error)}[/]" if delivered.error else "delivered"
        _item("-", f"{delivered.events} alerts to {escape(delivered.channel)}: {state}")
    _out.print("\n[bold]Go on[/]")
    _out.print(f"  page   {escape(_near(places.page(page.index.institution)))}")
    _out.print(f"  query  {escape(_near(places.published))}, for instance:", soft_wrap=True)
    _out.print(f"         {PASTE.format(copy=_near(places.published))}", soft_wrap=True, markup=False)


PASTE = (
    """.venv/bin/python -c "import duckdb; duckdb.connect('{copy}', read_only=True)"""
    """.sql('FROM mart.indikator_terkini ORDER BY instrumen DESC, nilai_sementara LIMIT 5').show()\""""
)


def changed_since(scored: Sequence[ScoreResult], page: PageView) -> list[tuple[str, str]]:
    """What moved since the last scored date under the same rules, then the new alerts (marked "!").

    Lines about an instrument beside the headline begin with its id.
    """
    lines: list[tuple[str, str]] = []
    shown_of = {view.index.instrument: view.indicators for view in page.beside}
    shown_of[page.index.instrument] = page.indicators
    names = {
        (name, indicator.number): indicator.short_name
        for name, indicators in shown_of.items()
        for indicator in indicators
    }
    for result in scored:
        about = "" if result.instrument == page.index.instrument else f"{result.instrument}: "
        if result.previous is None:
            lines.append(
                ("-", f"{about}this is the first one under these rules; run again to see what changes")
            )
        else:
            before, after = result.previous.index, result.current.index
            moved = after.provisional - before.provisional
            lines.append(
                (
                    "-",
                    f"{about}index {rounded(before.provisional)} -> {rounded(after.provisional)} "
                    f"({_signed(moved)}), proven {rounded(before.proven)} -> {rounded(after.proven)}",
                )
            )
            if not result.changes:
                lines.append(("-", f"{about}no indicator changed its provisional level"))
        for c in result.changes:
            # Why one fell stands in its alert.
            why = f" {c.why}" if c.after > c.before and c.why else ""
            share = _signed(c.contribution, 4)
            lines.append(
                (
                    "-",
                    f"{about}I{c.indicator} {names[result.instrument, c.indicator]}: "
                    f"{shown(c.before)} -> {shown(c.after)} "
                    f"({share}){why}",
                )
            )
        new, old = result.told()
        lines += [("!", f"{about}{alert.line}") for alert in new]
        if old:
            lines.append(("-", f"{about}{_still(old)}"))
    return lines


def show_index(page: PageView) -> None:
    """The three numbers of the index, its domains and aspects, against target; then the three weakest."""
    index = page.index
    as_of = index.as_of.astimezone(ZoneInfo(index.time_zone))
    _out.print(f"[bold]{escape(index.name)}[/]  {index.instrument}, as of {as_of:%Y-%m-%d %H:%M %Z}")
    table = _table("", "weight>", "terbukti>", "sementara>", "potensi>", "cakupan>")
    for row in _in_order(page.aggregates):
        table.add_row(
            Padding(escape(f"{row.code} {row.name}"), (0, 0, 0, 2 if row.scope == "aspect" else 0)),
            _plain(row.weight),
            *_numbers(row),
            style="dim" if row.scope == "aspect" else None,
        )
    table.add_section()
    table.add_row("[bold]Indeks[/]", "100", *(f"[bold]{n}[/]" for n in _numbers(index)))
    _out.print(table)
    _out.print(f"predikat [bold]{index.predikat}[/] (nilai sementara){_against(index)}")
    if index.dates_under_other_rules:
        _out.print(
            f"[yellow]{index.dates_under_other_rules} scored dates stand under other rules[/] and do not "
            "compare with this one; pantau rescore scores them again"
        )
    _out.print("\n[bold]Weakest indicators, and what would raise them[/]")
    for indicator in page.weakest:
        weight = _plain(indicator.weight)
        name = escape(indicator.short_name)
        text = f"{name}: level {level_text(indicator.provisional)}, weight {weight}"
        for said in (indicator.reason, f"Saran: {indicator.remedy}" if indicator.remedy else ""):
            if said:
                text += f"\n[dim]{escape(said)}[/]"
        _item(f"I{indicator.number}", text)


def _item(mark: str, text: str) -> None:
    """A marked paragraph whose further lines stay to the right of the mark."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    _out.print(Padding(grid, (0, 0, 0, 2)))


def _plain(weight: Decimal) -> str:
    return f"{weight:f}".rstrip("0").rstrip(".")


def _in_order(aggregates: Sequence[AggregateView]) -> list[AggregateView]:
    """Each domain followed by its aspects."""
    return sorted(aggregates, key=lambda a: (int(a.domain or 0), a.scope != "domain", int(a.code)))


def _numbers(row: AggregateView | IndexView) -> tuple[str, ...]:
    three = (row.proven, row.provisional, row.possible)
    return (*(str(rounded(Fraction(value))) for value in three), f"{row.coverage * 100:.0f}%")


def _against(index: IndexView) -> str:
    said = ""
    if index.target is not None and index.target_gap is not None:
        said += f"; target {index.target} ({_signed(Fraction(index.target_gap))})"
    if index.official_index is not None:
        said += f"; official {index.official_year}: {index.official_index}"
    return said


def _signed(value: Fraction | Decimal, digits: int = 2) -> str:
    return f"{rounded(Fraction(value), digits):+}"


def _near(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        right = column.endswith(">")
        table.add_column(column.removesuffix(">"), justify="right" if right else "left", overflow="fold")
    return table


def _outcome(outcome: str) -> str:
    colour = {"ok": "green", "loaded": "green"}.get(outcome, "red")
    return f"[{colour}]{outcome}[/]"
