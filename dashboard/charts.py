"""Where things stand in the drawings: plain coordinates, computed once; the templates only write them out.

Horizontal places are percentages of the drawing's width, so that text keeps its size on every screen;
vertical ones are pixels. The scale is always the whole one, 1 to 5: a small change must not look like a large
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboard.formats import decimal_comma, short_day, short_moment
from transforms.views import IndexView, NormView, OfficialView, TrendPoint

_NARROWEST = 296
"""Width in pixels of a drawing on the smallest phone; labels are kept apart for it."""
_LETTER = 6.4
_ROW = 17
OFFICIAL_MARKED = 3
"""How many official results are marked on the band; the trend shows all."""
TREND_HEIGHT = 230
_TREND_TOP, _TREND_BOTTOM = 16, 30
_LABEL_GAP = 15
_MOST_DOTS = 31
"""More dates than this are a line with its last one dotted."""


@dataclass(frozen=True)
class Segment:
    """A predikat on the band."""

    name: str
    x: float
    width: float
    low: str
    is_current: bool


@dataclass(frozen=True)
class Mark:
    """A labelled place on the band; `row` counts away from it."""

    kind: str
    x: float
    anchor: str
    row: int
    text: str


@dataclass(frozen=True)
class BandChart:
    """The index on its scale: segments, marks above (official, target) and below (the three numbers)."""

    segments: tuple[Segment, ...]
    above: tuple[Mark, ...]
    below: tuple[Mark, ...]
    above_height: int
    below_height: int


@dataclass(frozen=True)
class Level:
    """A horizontal line at the beginning of a predikat."""

    y: float
    name: str
    value: str


@dataclass(frozen=True)
class Dot:
    """One value in the trend; `tip` is its full text."""

    x: float
    y: float
    text: str
    tip: str


@dataclass(frozen=True)
class Stretch:
    """Dates scored under one ruleset, as SVG point lists in a box 1000 wide."""

    range_points: str
    proven: str
    provisional: str
    possible: str


@dataclass(frozen=True)
class EndLabel:
    """The text beside the right end of a line."""

    kind: str
    y: float
    text: str


@dataclass(frozen=True)
class TrendChart:
    """Official results by year, and the scored dates. `breaks` are where the rules changed."""

    levels: tuple[Level, ...]
    official: tuple[Dot, ...]
    stretches: tuple[Stretch, ...]
    dots: tuple[Dot, ...]
    breaks: tuple[float, ...]
    ends: tuple[EndLabel, ...]
    target_y: float | None
    first: str
    last: str
    height: int = TREND_HEIGHT


def on_scale(value: Decimal | int) -> float:
    """Where a value of 1..5 stands, in percent of the width."""
    return round(float(min(max(Decimal(value), Decimal(1)), Decimal(5)) - 1) * 25, 3)


def predikat_of(norm: NormView, value: Decimal) -> str:
    """The predikat of a value of 1 to 5."""
    return next(band.predikat for band in norm.bands if band.covers(value))


def band_chart(index: IndexView, norm: NormView, official: Sequence[OfficialView], year: int) -> BandChart:
    """The index among the predikat, with the target of the year and the last official results."""
    segments = tuple(
        Segment(
            band.predikat,
            on_scale(band.low),
            round(on_scale(band.high) - on_scale(band.low), 3),
            decimal_comma(band.low, 1),
            band.predikat == index.predikat,
        )
        for band in norm.bands
    )
    latest = sorted(official, key=lambda result: result.year)[-OFFICIAL_MARKED:]
    above = [
        ("official", result.index, f"resmi {result.year} {decimal_comma(result.index)}")
        if result is latest[-1]
        else ("official", result.index, str(result.year))
        for result in latest
    ]
    if index.target is not None:
        above.append(("target", index.target, f"target {year} {decimal_comma(index.target)}"))
    below = [
        ("proven", index.proven, f"terbukti {decimal_comma(index.proven)}"),
        ("provisional", index.provisional, f"sementara {decimal_comma(index.provisional)}"),
        ("possible", index.possible, f"potensi {decimal_comma(index.possible)}"),
    ]
    if index.proven == index.provisional:
        # One place needs one label: the stem of a second would run through the first.
        below[:2] = [("provisional", index.proven, f"terbukti, sementara {decimal_comma(index.proven)}")]
    marks_above, marks_below = _kept_apart(above, leftward=True), _kept_apart(below)
    return BandChart(segments, marks_above, marks_below, _height(marks_above), _height(marks_below))


def trend_chart(
    norm: NormView,
    trend: Sequence[TrendPoint],
    official: Sequence[OfficialView],
    target: Decimal | None,
    time_zone: str,
) -> TrendChart:
    """How the index went: official results by year, scored dates (at least one) in time."""
    is_one_day = trend[0].day == trend[-1].day

    def when(point: TrendPoint) -> str:
        return short_moment(point.as_of, time_zone) if is_one_day else short_day(point.day)

    years = [result.year for result in official]
    official_dots = tuple(
        Dot(
            _between(result.year, min(years), max(years)),
            height_of(result.index),
            decimal_comma(result.index),
            str(result.year),
        )
        for result in official
    )
    first, last = trend[0].as_of.timestamp(), trend[-1].as_of.timestamp()
    places = [_between(point.as_of.timestamp(), first, last) for point in trend]
    dots = tuple(
        Dot(
            x,
            height_of(point.provisional),
            decimal_comma(point.provisional),
            f"{when(point)}: {_numbers(point)}",
        )
        for x, point in zip(places, trend, strict=True)
    )
    breaks = tuple(
        round((places[n - 1] + places[n]) / 2, 3)
        for n in range(1, len(trend))
        if trend[n].ruleset_hash != trend[n - 1].ruleset_hash
    )
    return TrendChart(
        levels=levels_of(norm),
        official=official_dots,
        stretches=tuple(_stretches(places, trend)),
        dots=dots if len(dots) <= _MOST_DOTS else dots[-1:],
        breaks=breaks,
        ends=_ends(trend[-1], target),
        target_y=None if target is None else height_of(target),
        first=when(trend[0]) if len(trend) > 1 else "",
        last=when(trend[-1]),
    )


def levels_of(norm: NormView) -> tuple[Level, ...]:
    """A line for the beginning of each predikat."""
    return tuple(Level(height_of(band.low), band.predikat, decimal_comma(band.low, 1)) for band in norm.bands)


def _kept_apart(marks: Sequence[tuple[str, Decimal, str]], *, leftward: bool = False) -> tuple[Mark, ...]:
    """Labels in as few rows as keep them off each other, and off each other's stems, on the narrowest screen.

    With `leftward` labels end at their stems, so that a staircase of rising values reads well.
    """
    placed: list[tuple[Mark, float, float]] = []
    for kind, value, text in sorted(marks, key=lambda mark: mark[1]):
        x = on_scale(value)
        width = (len(text) * _LETTER + 10) / _NARROWEST * 100
        anchor = "start" if x < width / 2 else "end" if x > 100 - width / 2 else "middle"
        if leftward:
            anchor = "start" if x < width else "end"
        left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
        right = left + width
        row = 0
        while any(
            (mark.row == row and begin < right and left < end) or (mark.row > row and left < mark.x < right)
            for mark, begin, end in placed
        ):
            row += 1
        placed.append((Mark(kind, x, anchor, row, text), left, right))
    return tuple(mark for mark, _, _ in placed)


def _height(marks: Sequence[Mark]) -> int:
    return _ROW * (1 + max((mark.row for mark in marks), default=-1))


def _between(value: float, low: float, high: float) -> float:
    """A place between 5 and 95 percent; the middle where there is only one."""
    return 50.0 if low == high else round(5 + 90 * (value - low) / (high - low), 3)


def height_of(value: Decimal) -> float:
    """Where a value stands in a drawing of TREND_HEIGHT, in pixels from its top."""
    usable = TREND_HEIGHT - _TREND_TOP - _TREND_BOTTOM
    return round(_TREND_TOP + usable * (1 - on_scale(value) / 100), 2)


def _stretches(places: Sequence[float], trend: Sequence[TrendPoint]) -> list[Stretch]:
    groups: list[list[tuple[float, TrendPoint]]] = []
    for x, point in zip(places, trend, strict=True):
        if groups and groups[-1][-1][1].ruleset_hash == point.ruleset_hash:
            groups[-1].append((x, point))
        else:
            groups.append([(x, point)])

    def points(pairs: Sequence[tuple[float, Decimal]]) -> str:
        return " ".join(f"{x * 10:.1f},{height_of(value):.2f}" for x, value in pairs)

    return [
        Stretch(
            range_points=points(
                [(x, p.possible) for x, p in group] + [(x, p.proven) for x, p in reversed(group)]
            ),
            proven=points([(x, p.proven) for x, p in group]),
            provisional=points([(x, p.provisional) for x, p in group]),
            possible=points([(x, p.possible) for x, p in group]),
        )
        for group in groups
    ]


def _ends(point: TrendPoint, target: Decimal | None) -> tuple[EndLabel, ...]:
    values = [("proven", "terbukti", point.proven), ("possible", "potensi", point.possible)]
    values.append(("provisional", "sementara", point.provisional))
    if target is not None:
        values.append(("target", "target", target))
    return kept_below(values)


def kept_below(values: Sequence[tuple[str, str, Decimal]]) -> tuple[EndLabel, ...]:
    """Labels (kind, name, value) beside the right ends of lines, pushed down where they would touch."""
    labels: list[EndLabel] = []
    free_from = 0.0
    for kind, name, value in sorted(values, key=lambda entry: entry[2], reverse=True):
        y = round(max(height_of(value) + 4, free_from), 2)
        free_from = y + _LABEL_GAP
        labels.append(EndLabel(kind, y, f"{name} {decimal_comma(value)}"))
    return tuple(labels)


def _numbers(point: TrendPoint) -> str:
    return (
        f"terbukti {decimal_comma(point.proven)}, sementara {decimal_comma(point.provisional)}, "
        f"potensi {decimal_comma(point.possible)}"
    )
