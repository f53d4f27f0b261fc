"""`pantau backtest`: provisional values of the published copy against official results. Reads; prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.official_file import read_official
from flows.terminal import _item, _out, _table, escape
from transforms.backtest import SCOPE_NAMES, Compared, Numbers, Refused, Scope, Summary, compare, summaries
from transforms.index import exact, rounded
from transforms.indonesian_dates import day
from warehouse import history_view
from warehouse.connection import reading

if TYPE_CHECKING:
    from flows.places import Places

LIMITS = (
    "Angka ini hanya tentang baris yang diberikan; n kecil tidak berlaku untuk institusi atau tahun lain. "
    "Baris satu institusi tidak saling bebas, jadi selang 95% paling sempit sebesar yang tertulis."
)


@dataclass(frozen=True)
class Backtest:
    """What was compared, what was refused, and what it says together."""

    compared: tuple[Compared, ...]
    refused: tuple[Refused, ...]
    summaries: tuple[Summary, ...]


def run_backtest(places: Places, official: Path) -> Backtest:
    """Compare the rows of a file with the history of the copy. Raises OfficialFileError, WarehouseError."""
    rows, instruments = read_official(official)
    digits = {name: norm.rounding.digits for name, norm in instruments.items()}
    with reading(places.published) as connection:

        @cache
        def numbers(score_id: str) -> Mapping[tuple[Scope, str], Numbers]:
            return history_view.numbers(connection, score_id)

        compared, refused = compare(rows, history_view.scored_dates(connection), numbers, digits)
    return Backtest(compared, refused, summaries(compared))


def backtest_document(result: Backtest) -> dict[str, Any]:
    """Everything, for `--json`; means as exact fractions."""
    return {
        "summaries": [asdict(summary) for summary in result.summaries],
        "compared": [
            {**asdict(row), "error": row.error, "is_inside": row.is_inside} for row in result.compared
        ],
        "refused": [asdict(row) for row in result.refused],
        "limits": LIMITS,
    }


def show_backtest(result: Backtest) -> None:
    """The summaries, the scores that were compared, and what was refused."""
    if result.summaries:
        table = _table(
            "cakupan", "kode", "n>", "institusi>", "bias>", "galat mutlak>", "galat", "di dalam batas"
        )
        for one in result.summaries:
            table.add_row(
                SCOPE_NAMES[one.scope] if one.code is None else "",
                escape(one.code or "semua"),
                str(one.n),
                str(one.institutions),
                _signed(one.bias),
                _comma(one.mean_absolute_error),
                f"{_signed(one.lowest_error)} s.d. {_signed(one.highest_error)}",
                _inside(one),
                style="dim" if one.code is not None else None,
            )
        _out.print(table)
        _out.print("bias dan galat: nilai sementara dikurangi nilai resmi; di dalam batas: terbukti..potensi")
        _out.print("\n[bold]Skor yang dibandingkan[/]")
        for line in dict.fromkeys(_compared_with(row) for row in result.compared):
            _item("-", escape(line))
    if result.refused:
        _out.print(f"\n[bold]Tidak dibandingkan[/] ({len(result.refused)} baris)")
        for refused in result.refused:
            _item(f"baris {refused.official.row}", escape(refused.reason))
    _out.print()
    _out.print(LIMITS if result.summaries else "Tidak ada yang dapat dibandingkan.")


def _compared_with(row: Compared) -> str:
    value = row.official
    said = (
        f"{value.institution} {value.instrument} {value.year}, dinilai {day(value.as_of)}: "
        f"skor {day(row.scored.day)}, {row.days_before} hari sebelumnya"
    )
    if row.passed_over:
        said += f"; {row.passed_over} skor yang lebih dekat dilewati karena sudah memakai hasil resmi itu"
    return said


def _inside(one: Summary) -> str:
    count = f"{one.inside} dari {one.n}"
    if one.share_from is None or one.share_to is None:
        return count
    share = f"{100 * one.inside / one.n:.0f}%"
    return f"{count}, {share} ({100 * one.share_from:.0f}..{100 * one.share_to:.0f}%)"


def _comma(value: Fraction) -> str:
    return f"{rounded(value):f}".replace(".", ",")


def _signed(value: Fraction) -> str:
    return f"{rounded(value):+f}".replace(".", ",") if exact(value) else "0,00"
