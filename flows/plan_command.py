"""`pantau plan`: the cheapest level rises that reach a target by a date. Reads a published copy; prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from rich.padding import Padding
from rich.table import Table

from collectors.institution import InstitutionFile, read_institution
from collectors.plan_settings import LevelText, PlanSettings
from flows.terminal import _item, _out, _table, escape
from transforms.index import exact, rounded
from transforms.instrument import load_instrument
from transforms.plan_search import PlanError
from transforms.planning import (
    DAYS_PER_MONTH,
    Assumptions,
    Plan,
    Planned,
    PlannedStep,
    Prerequisite,
    plan,
)
from transforms.views import IndexView
from warehouse import read
from warehouse.connection import reading

if TYPE_CHECKING:
    from flows.places import Places

MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


def make_plan(
    places: Places,
    *,
    target: str,
    by: str,
    now: datetime,
    config: Path | None = None,
    institution: str | None = None,
    instrument: str | None = None,
    alternatives: int = 2,
) -> tuple[IndexView, Assumptions, Planned]:
    """The plan from the last score of an institution. Raises PlanError, ReadError, ConfigError."""
    file = read_institution(config)[0] if config is not None else None
    if institution is None and file is not None:
        institution = file.institution.id
    wanted, deadline = _number(target), _date(by)
    with reading(places.published) as connection:
        index = read.index_view(connection, institution, instrument)
        indicators = read.indicators(connection, index)
    settings = file.plan if file else PlanSettings()
    assumptions = assumptions_of(settings, is_for(settings, file, index.instrument))
    today = max(now, index.as_of).astimezone(ZoneInfo(index.time_zone)).date()
    planned = plan(
        load_instrument(index.instrument),
        indicators,
        assumptions,
        target=wanted,
        starts=settings.start or today,
        by=deadline,
        alternatives=alternatives,
    )
    return index, assumptions, planned


def is_for(settings: PlanSettings, file: InstitutionFile | None, instrument: str) -> bool:
    """Whether the indicator numbers in the settings are those of that instrument."""
    return file is None or (settings.instrument or file.institution.instrument) == instrument


def assumptions_of(settings: PlanSettings, names_indicators: bool = True) -> Assumptions:
    """The planner's assumptions from the section `plan` of an institution's file."""
    levels = cast(tuple[LevelText, ...], ("1", "2", "3", "4", "5"))
    named = settings if names_indicators else PlanSettings()
    return Assumptions(
        unit=settings.costs.unit,
        criterion_costs={int(level): settings.cost(level) for level in levels},
        refuted_factor=settings.costs.refuted,
        acknowledged_factor=settings.costs.acknowledged,
        indicator_factors=named.costs.indicators,
        days={int(level): settings.duration(level) for level in levels},
        norm_from_level=settings.from_norm.from_level,
        norm_lag=settings.from_norm.lag,
        prerequisites=tuple(Prerequisite(p.indicator, p.level, p.needs, p.at) for p in named.prerequisites),
        capacity=settings.capacity,
        fixed=frozenset(named.fixed),
        highest=named.highest,
    )


def plan_document(index: IndexView, assumptions: Assumptions, planned: Planned) -> dict[str, Any]:
    """Everything there is to know of a plan, for `--json`; fractions as exact text."""
    return {
        "institution": index.institution,
        "instrument": index.instrument,
        "as_of": index.as_of,
        "ruleset_hash": index.ruleset_hash,
        "index": planned.index,
        "target": planned.target,
        "reached": bool(planned.plans),
        "starts": planned.starts,
        "by": planned.by,
        "assumptions": {**asdict(assumptions), "fixed": sorted(assumptions.fixed)},
        "plans": [_plan_document(one) for one in planned.plans],
        "most_reachable": _plan_document(planned.most) if planned.most else None,
        "too_late": [{"indicator": number, "value": value} for number, value in planned.too_late],
    }


def _plan_document(one: Plan) -> dict[str, Any]:
    document = asdict(one)
    document["index_rounded"] = rounded(one.index)
    for written, step in zip(document["steps"], one.steps, strict=True):
        written["owners"] = step.owners
    return document


def show_plan(index: IndexView, assumptions: Assumptions, planned: Planned) -> None:
    """The best plan step by step, then the alternatives in a line each, then what was taken for granted."""
    _out.print(f"[bold]{escape(index.name)}[/]  {index.instrument}")
    _out.print(
        f"nilai sementara [bold]{_plain(planned.index)}[/], target [bold]{_plain(planned.target)}[/], "
        f"mulai {_day(planned.starts)}, tenggat {_day(planned.by)}"
    )
    if not planned.plans:
        _show_unreachable(assumptions, planned)
    elif not planned.plans[0].rises:
        _out.print("Target sudah tercapai; tidak ada yang perlu dinaikkan.")
    else:
        best = planned.plans[0]
        _out.print(f"\n[bold]Rencana termurah[/]: {_summary(best, assumptions)}")
        _show_steps(best)
        for number, other in enumerate(planned.plans[1:], start=1):
            _out.print(f"\n[bold]Alternatif {number}[/]: {_summary(other, assumptions)}")
            _show_difference(best, other)
    _out.print("\n[bold]Anggapan[/] (bukan bagian dari peraturan; ubah di bagian plan berkas institusi)")
    for line in _assumed(assumptions):
        _item("-", escape(line))


def _show_unreachable(assumptions: Assumptions, planned: Planned) -> None:
    _out.print(
        f"\n[bold red]Target {_plain(planned.target)} tidak dapat dicapai sampai {_day(planned.by)}[/] "
        "dengan anggapan di bawah."
    )
    if planned.too_late:
        _out.print(
            f"{len(planned.too_late)} kenaikan tidak dapat selesai sebelum tenggat; "
            "lainnya dibatasi kapasitas, prasyarat, atau indikator yang dikunci."
        )
    most = planned.most
    if most is not None and most.rises:
        _out.print(f"\n[bold]Paling jauh yang dapat dicapai[/]: {_summary(most, assumptions)}")
        _show_steps(most)
    else:
        _out.print("Tidak ada kenaikan yang dapat selesai sebelum tenggat.")


def _summary(one: Plan, assumptions: Assumptions) -> str:
    return (
        f"biaya [bold]{_plain(one.cost)}[/] {escape(assumptions.unit)}, indeks [bold]{_plain(one.index)}[/] "
        f"({escape(one.predikat)}), {len(one.rises)} kenaikan, paling cepat selesai {_day(one.done_on)}"
    )


def _show_steps(one: Plan) -> None:
    table = _table(
        "", "indikator", "tingkat", "tambah>", "biaya>", "mulai", "selesai", "mulai s.d.", "pemilik"
    )
    for position in (0, 2, 3, 4, 5, 6, 7):
        table.columns[position].no_wrap = True
    rises = {rise.indicator: rise for rise in one.rises}
    for number, step in enumerate(one.steps, start=1):
        rise = rises[step.indicator]
        before = _before(one, step, rise.before)
        gained = rise.contribution * (step.reaches - before) / (rise.after - rise.before)
        table.add_row(
            str(number),
            escape(f"I{step.indicator} {step.short_name}"),
            f"{_plain(before)} -> {_plain(step.reaches)}",
            f"+{_plain(gained)}",
            _plain(step.cost),
            *(_short(day) for day in (step.starts, step.ends, step.starts_at_latest)),
            escape(", ".join(step.owners)),
        )
    _out.print(table)
    _out.print("\n[bold]Yang harus dipenuhi[/]")
    for number, step in enumerate(one.steps, start=1):
        after = [f"I{need.indicator} tingkat {need.level}" for need in step.needs]
        rests = f", sesudah {', '.join(after)}" if after else ""
        _out.print(f"  {number}. I{step.indicator} tingkat {step.level}{rests}")
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for missing in step.missing:
            kind = {"new": "", "refuted": " [red](terbantah)[/]", "acknowledged": " (diakui resmi)"}
            said = f"{escape(missing.owner)}: {escape(missing.remedy)}"
            if missing.kind == "refuted":
                said += f"\n[dim]{escape(missing.reason)}[/]"
            grid.add_row(missing.criterion + kind[missing.kind], said)
        _out.print(Padding(grid, (0, 0, 0, 5)))


def _before(one: Plan, step: PlannedStep, start: Fraction) -> Fraction:
    """What the indicator is worth when a step begins."""
    below = [s.reaches for s in one.steps[: one.steps.index(step)] if s.indicator == step.indicator]
    return below[-1] if below else start


def _show_difference(best: Plan, other: Plan) -> None:
    mine, theirs = ({r.indicator: r for r in p.rises} for p in (best, other))
    for mark, these, those in (("tanpa ", mine, theirs), ("dengan", theirs, mine)):
        lines = [
            f"I{number} {rise.short_name} {_plain(rise.before)} -> {_plain(rise.after)}"
            for number, rise in these.items()
            if number not in those or those[number].after != rise.after
        ]
        _item(mark, escape("; ".join(lines)))


def _assumed(assumptions: Assumptions) -> Iterable[str]:
    costs = (
        f"tingkat {n} {_plain(Fraction(cost))}"
        for n, cost in sorted(assumptions.criterion_costs.items())
        if n > 1
    )
    yield (
        f"biaya per kriteria yang belum terpenuhi ({assumptions.unit}): {', '.join(costs)}; bila terbantah "
        f"x {_plain(Fraction(assumptions.refuted_factor))}, bila sudah diakui hasil resmi dan tinggal "
        f"buktinya x {_plain(Fraction(assumptions.acknowledged_factor))}"
    )
    yield "lama per tingkat (hari): " + ", ".join(
        f"tingkat {n} {days}" for n, days in sorted(assumptions.days.items()) if n > 1
    )
    if assumptions.norm_from_level is not None:
        yield (
            f"naik ke tingkat {assumptions.norm_from_level} atau lebih menuntut indikator yang mendasarinya "
            f"paling rendah {assumptions.norm_lag} tingkat di bawahnya"
        )
    for given in assumptions.prerequisites:
        yield f"I{given.indicator} tingkat {given.level} sesudah I{given.needs} tingkat {given.at}"
    for owner, capacity in assumptions.capacity.items():
        yield (
            f"kapasitas {owner}: {_plain(Fraction(capacity))} {assumptions.unit} per {DAYS_PER_MONTH} hari, "
            "dihitung untuk seluruh masa"
        )
    if assumptions.fixed:
        yield "tidak diubah: " + ", ".join(f"I{number}" for number in sorted(assumptions.fixed))
    for number, level in assumptions.highest.items():
        yield f"I{number} paling tinggi tingkat {level}"
    yield (
        "yang kini terpenuhi dianggap tetap terpenuhi; tanggal adalah yang paling cepat menurut lama dan "
        "prasyarat"
    )


def _plain(value: Fraction) -> str:
    return f"{exact(value):f}".replace(".", ",")


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _short(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day:%y}"


def _number(text: str) -> Fraction:
    try:
        value = Fraction(text.replace(",", "."))
    except (ValueError, ZeroDivisionError) as error:
        raise PlanError(f"--target {text!r} is not a number; write 4.50") from error
    return value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PlanError(f"--by {text!r} is not a date; write 2027-06-30") from error
