"""What people are shown of an instrument that is scored beside the headline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from transforms.instrument import Instrument
from transforms.views import AggregateView, IndexView, IndicatorView, Level, NormView

CARRIED: Mapping[str, str] = {
    "reuse": "bukti dapat dipakai lagi",
    "update": "bukti perlu diperbarui",
    "baru": "indikator baru",
}
"""What of the evidence carries over, by status; `mart.padanan_instrumen` uses the same words."""


@dataclass(frozen=True)
class OriginView:
    """An indicator whose evidence carries over; without name and level where its instrument is not scored."""

    number: str
    short_name: str | None
    level: Level | None


@dataclass(frozen=True)
class CarryOverView:
    """What carries over to an indicator from those of another instrument: a mapping that is not official."""

    status: str
    from_instrument: str
    origins: tuple[OriginView, ...]
    note: str | None
    official: Literal[False] = False

    @property
    def words(self) -> str:
        """The status in Indonesian."""
        return CARRIED[self.status]


@dataclass(frozen=True)
class ExternalView:
    """An index of another body that speaks on an indicator, with the last value known.

    `makes_score`: that index alone is the indicator's score. `low` to `high` is the band of `level`, which
    turns into scores from `score_low` to `score_high`; None, as all about the value, where none is known or
    it lies outside the scale. `has_low` and `has_high` say which of its ends belong to the band.
    """

    index: str
    name: str
    owner: str
    makes_score: bool
    value: Decimal | None
    year: int | None
    decided_on: date | None
    expires_on: date | None
    citation: str | None
    level: int | None
    low: Decimal | None
    high: Decimal | None
    has_low: bool
    has_high: bool
    score_low: Decimal | None
    score_high: Decimal | None
    score: Decimal | None
    source: str
    unverified: bool
    note: str | None


@dataclass(frozen=True)
class UnverifiedView:
    """One thing that decides numbers and was not found in the norm: its key, what is assumed, and why."""

    setting: str
    assumed: str
    note: str | None


@dataclass(frozen=True)
class InstrumentView:
    """An instrument scored beside the headline; `carried` and `external` are by indicator number."""

    index: IndexView
    norm: NormView
    aggregates: tuple[AggregateView, ...]
    indicators: tuple[IndicatorView, ...]
    carried: Mapping[str, CarryOverView]
    external: Mapping[str, ExternalView]


def unverified_of(instrument: Instrument) -> tuple[UnverifiedView, ...]:
    """Everything in the instrument that is marked unverified, in words for officers."""
    found = []
    for name, assumed in _ASSUMED.items():
        setting = getattr(instrument, name.partition(":")[0])
        if setting is not None and setting.unverified and name.partition(":")[2] in ("", setting.rule):
            found.append(UnverifiedView(f"{name.partition(':')[0]}: {setting.rule}", assumed, setting.note))
    if instrument.rounding.unverified:
        found.append(
            UnverifiedView(
                f"rounding: {instrument.rounding.mode}",
                f"Indeks dibulatkan ke {instrument.rounding.digits} desimal, setengah ke atas.",
                instrument.rounding.source,
            )
        )
    found += [
        UnverifiedView(
            f"external_indices: {index.id}",
            f"Nilai {index.id} ({index.owner}) diubah menjadi skor secara linear di dalam selangnya.",
            index.note,
        )
        for index in instrument.external_indices
        if index.unverified
    ]
    for indicator in instrument.indicators:
        if indicator.unverified:
            uses = "" if indicator.score_from == "external_index" else "tidak "
            found.append(
                UnverifiedView(
                    f"indicator {indicator.number}: {', '.join(indicator.unverified)}",
                    f"Indikator {indicator.number} ({indicator.short_name}): indeks luar terkait "
                    f"{indicator.external_index or 'tidak ada'}, dan itu {uses}menentukan skornya.",
                    indicator.note,
                )
            )
    return tuple(found)


_ASSUMED: Mapping[str, str] = {
    "level_to_score": "Tingkat yang penuh bernilai ujung atas selangnya; yang belum penuh, menurut bagian "
    "butir yang terpenuhi.",
    "missing_values": "Indikator tanpa bukti, dan indeks luar tanpa nilai, dihitung 1,00.",
    "predikat_from:unrounded": "Predikat diambil dari indeks sebelum dibulatkan.",
    "predikat_from:rounded": "Predikat diambil dari indeks sesudah dibulatkan.",
    "aspect_predikat": "Predikat aspek memakai selang predikat indeks.",
    "crosswalk": "Padanan dengan SPBE 2020 dibuat praktisi.",
}
