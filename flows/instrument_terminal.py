"""What people see on a terminal of an instrument beside the headline, what carries over, other indices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from flows.terminal import _item, _out, escape
from transforms.index import rounded
from transforms.instrument_views import CarryOverView, ExternalView, InstrumentView, UnverifiedView
from transforms.levels import shown


def show_beside(beside: Sequence[InstrumentView]) -> None:
    """One line per instrument that is scored beside the headline."""
    if not beside:
        return
    _out.print("\n[bold]On the same evidence[/], not official")
    for view in beside:
        index = view.index
        three = (index.proven, index.provisional, index.possible)
        proven, middle, possible = (str(rounded(Fraction(value))) for value in three)
        _item(
            index.instrument,
            f"terbukti {proven}, sementara [bold]{middle}[/], potensi {possible}, "
            f"cakupan {index.coverage * 100:.0f}%, predikat [bold]{escape(index.predikat or '')}[/]"
            f"\n[dim]{len(view.norm.unverified)} unverified settings: "
            f"pantau index --instrument {index.instrument}[/]",
        )


def show_unverified(settings: Sequence[UnverifiedView]) -> None:
    """What decides numbers of the instrument and was not found in the norm."""
    if settings:
        _out.print("\n[bold]Asumsi yang belum terverifikasi[/]")
    for setting in settings:
        _item("-", f"{escape(setting.assumed)} [dim]({escape(setting.setting)})[/]")


def show_external(external: ExternalView | None) -> None:
    """The index of another body that speaks on an indicator."""
    if external is None:
        return
    uses = "menentukan skor" if external.makes_score else "tidak menentukan skor"
    _out.print(f"\n[bold]Indeks luar {escape(external.index)}[/], {uses}")
    _item("-", f"{escape(external.name)}, {escape(external.owner)}")
    if external.value is None:
        _item("-", "belum ada nilai; isi external_indices dalam berkas institusi")
    else:
        good = f", berlaku sampai {external.expires_on}" if external.expires_on else ""
        _item(
            "-",
            f"nilai {_comma(external.value)} tahun {external.year}, ditetapkan {external.decided_on}{good}; "
            f"sumber: {escape(external.citation or '')}",
        )
        _item("-", conversion(external))
    if external.unverified:
        _item("-", f"[yellow]konversi belum terverifikasi[/]: {escape(external.note or external.source)}")


def conversion(external: ExternalView) -> str:
    """Band and score of the value, as ``tingkat 4 (62,5 < SDI ≤ 75) menjadi skor 3,75``."""
    if external.low is None or external.high is None or external.score is None:
        return "di luar skala: tidak menghasilkan skor"
    below, above = ("≤" if external.has_low else "<"), ("≤" if external.has_high else "<")
    band = f"{_comma(external.low)} {below} {external.index} {above} {_comma(external.high)}"
    ends = f"{shown(Fraction(external.score_low or 0))} sampai {shown(Fraction(external.score_high or 0))}"
    return f"tingkat {external.level} ({band}), skor {ends}, menjadi {shown(Fraction(external.score))}"


def show_carried(carried: CarryOverView | None) -> None:
    """What of the instrument before carries over to an indicator."""
    if carried is None:
        return
    _out.print(
        f"\n[bold]Padanan {carried.from_instrument}[/], [yellow]tidak resmi[/]: {carried.words}; "
        "nilai tidak terbawa"
    )
    for origin in carried.origins:
        level = "tidak dinilai" if origin.level is None else f"tingkat {origin.level}"
        _item(f"I{origin.number}", f"{escape(origin.short_name or '')} [dim]{level}[/]")
    if carried.note:
        _item("-", escape(carried.note))


def _comma(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",")
