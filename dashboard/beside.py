"""What the page shows of an instrument that is scored beside the headline."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from dashboard import charts
from transforms.instrument_views import ExternalView, InstrumentView
from transforms.views import IndicatorView, PageView


@dataclass(frozen=True)
class Beside:
    """An instrument with its drawing; `year` is that of its date."""

    view: InstrumentView
    band: charts.BandChart
    year: int

    def indicators(self, aspect: str) -> tuple[IndicatorView, ...]:
        """The indicators of an aspect."""
        return tuple(item for item in self.view.indicators if item.aspect == aspect)

    def predikat(self, value: Decimal) -> str:
        """The predikat of a value under this instrument."""
        return charts.predikat_of(self.view.norm, value)


def beside(page: PageView) -> tuple[Beside, ...]:
    """The further instruments of a page, in its order."""
    found = []
    for view in page.beside:
        year = view.index.as_of.astimezone(ZoneInfo(view.index.time_zone)).year
        found.append(Beside(view, charts.band_chart(view.index, view.norm, (), year), year))
    return tuple(found)


def plain_decimal(value: Decimal) -> str:
    """A number with all its digits and the decimal comma: ``68,75``."""
    return f"{value:f}".replace(".", ",")


def band_text(external: ExternalView) -> str:
    """The band of an external index, as ``62,5 < SDI ≤ 75``; empty where its value is in none."""
    if external.low is None or external.high is None:
        return ""
    below, above = ("≤" if external.has_low else "<"), ("≤" if external.has_high else "<")
    return f"{plain_decimal(external.low)} {below} {external.index} {above} {plain_decimal(external.high)}"
