"""What lies ahead if nobody acts: a drawing of the year to come, and what expires, by whose it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from dashboard import charts
from dashboard.charts import Dot, EndLabel, Level
from dashboard.formats import decimal_comma, short_day
from transforms.forecast_views import ExpiryView, ForecastView, PointView
from transforms.indonesian_dates import day
from transforms.views import NormView

HORIZON = timedelta(days=365)
"""How far the page looks ahead; the published copy and `pantau forecast` look to the end."""
CRITERIA_SHOWN = 3


@dataclass(frozen=True)
class Drawing:
    """Stepped lines of the year to come, as SVG point lists in a box 1000 wide."""

    levels: tuple[Level, ...]
    proven: str
    provisional: str
    stopped: str
    dots: tuple[Dot, ...]
    ends: tuple[EndLabel, ...]
    target_y: float | None
    first: str
    last: str
    height: int = charts.TREND_HEIGHT


@dataclass(frozen=True)
class OwnerRow:
    """What a perangkat daerah has to renew next, and what the index loses in a year if it does not."""

    owner: str
    day: date
    days_left: int
    what: str
    event: str
    count: int
    proven: Decimal
    provisional: Decimal


@dataclass(frozen=True)
class Ahead:
    """Everything in the section; `last` and `stopped` are the index a year on in the two scenarios."""

    drawing: Drawing
    rows: tuple[OwnerRow, ...]
    first: PointView
    last: PointView
    stopped: PointView


def ahead(forecast: ForecastView | None, norm: NormView, target: Decimal | None, today: date) -> Ahead | None:
    """None where the latest score has no forecast."""
    if forecast is None:
        return None
    end = forecast.as_of + HORIZON
    going = _within(forecast.points, "sources_run", end)
    stopped = _within(forecast.points, "all_stops", end)
    expiries = [e for e in forecast.expiries if e.scenario == "sources_run" and e.at <= end]
    return Ahead(
        _drawing(norm, going, stopped, target, forecast.as_of, today),
        _rows(expiries),
        going[0],
        going[-1],
        stopped[-1],
    )


def _within(points: Sequence[PointView], scenario: str, end: datetime) -> list[PointView]:
    return [point for point in points if point.scenario == scenario and point.at <= end]


def _rows(expiries: Sequence[ExpiryView]) -> tuple[OwnerRow, ...]:
    """One row for each owner, the one whose evidence expires first on top."""
    rows = []
    for owner in dict.fromkeys(expiry.owner for expiry in expiries):
        own = [expiry for expiry in expiries if expiry.owner == owner]
        first = own[0]
        same_day = [e for e in own if e.day == first.day]
        named = list(dict.fromkeys(e.criterion or f"indikator {e.indicator}" for e in same_day))
        more = len(named) - CRITERIA_SHOWN
        rows.append(
            OwnerRow(
                owner,
                first.day,
                first.days_left,
                ", ".join(named[:CRITERIA_SHOWN]) + (f" dan {more} lagi" if more > 0 else ""),
                first.event,
                len({e.criterion or e.indicator for e in own}),
                sum((e.proven_change for e in own), Decimal(0)),
                sum((e.provisional_change for e in own), Decimal(0)),
            )
        )
    return tuple(rows)


def _drawing(
    norm: NormView,
    going: Sequence[PointView],
    stopped: Sequence[PointView],
    target: Decimal | None,
    as_of: datetime,
    today: date,
) -> Drawing:
    def x(at: datetime) -> float:
        return round((at - as_of) / HORIZON * 100, 3)

    def steps(points: Sequence[PointView], measure: str) -> str:
        places: list[str] = []
        for n, point in enumerate(points):
            y = charts.height_of(getattr(point, measure))
            until = x(points[n + 1].at) if n + 1 < len(points) else 100.0
            places += [f"{x(point.at) * 10:.1f},{y:.2f}", f"{until * 10:.1f},{y:.2f}"]
        return " ".join(places)

    dots = tuple(
        Dot(
            x(point.at),
            charts.height_of(point.provisional),
            decimal_comma(point.provisional),
            f"{day(point.day)}: terbukti {decimal_comma(point.proven)}, "
            f"sementara {decimal_comma(point.provisional)}",
        )
        for before, point in itertools.pairwise(going)
        if point.provisional != before.provisional
    )
    ends = [("provisional", "sementara", going[-1].provisional), ("proven", "terbukti", going[-1].proven)]
    if stopped[-1].provisional != going[-1].provisional:
        ends.append(("possible", "bila berhenti", stopped[-1].provisional))
    if target is not None:
        ends.append(("target", "target", target))
    return Drawing(
        levels=charts.levels_of(norm),
        proven=steps(going, "proven"),
        provisional=steps(going, "provisional"),
        stopped=steps(stopped, "provisional"),
        dots=dots,
        ends=charts.kept_below(ends),
        target_y=None if target is None else charts.height_of(target),
        first=short_day(today),
        last=short_day(today + HORIZON),
    )
