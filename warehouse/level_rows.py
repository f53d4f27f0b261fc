"""Levels and findings as rows, to the last digit: whole numbers stay whole, scores keep ten decimals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from transforms.finding import Finding
from transforms.index import Aggregate, rounded
from transforms.instrument import Instrument
from transforms.levels import IndicatorLevel, Score

_One = TypeVar("_One")
_SCORES = ("proven", "floor", "provisional", "possible", "official")


def finding_columns(findings: Sequence[Finding]) -> dict[str, list[Any]]:
    """Findings as columns of `score.finding`."""
    columns: dict[str, list[Any]] = {
        name: [finding[place] for finding in findings] for place, name in enumerate(Finding._fields)
    }
    columns["evidence_ids"] = [list(ids) for ids in columns["evidence_ids"]]
    columns["score"] = [None if score is None else rounded(score, 10) for score in columns["score"]]
    return columns


def level_columns(levels: Sequence[IndicatorLevel]) -> dict[str, list[Any]]:
    """Levels of indicators as columns of `score.level`."""
    return _columns(_LEVEL, levels, _level_row)


def total_columns(totals: Sequence[Aggregate]) -> dict[str, list[Any]]:
    """Aggregates as columns of `score.aggregate`."""
    return _columns(_TOTAL, totals, _total_row)


def _columns(
    names: Sequence[str], ones: Sequence[_One], row_of: Callable[[_One], Sequence[Any]]
) -> dict[str, list[Any]]:
    """The rows of many of which most are the same object, as columns; decimals as texts, made once."""
    rows = {
        key: [f"{value:f}" if isinstance(value, Decimal) else value for value in row_of(one)]
        for key, one in {id(one): one for one in ones}.items()
    }
    ordered = [rows[id(one)] for one in ones]
    return {name: [row[place] for row in ordered] for place, name in enumerate(names)}


_LEVEL = tuple(field.name for field in fields(IndicatorLevel))
_TOTAL = tuple(field.name for field in fields(Aggregate))


def _level_row(level: IndicatorLevel) -> Sequence[Any]:
    row = {name: getattr(level, name) for name in _LEVEL}
    scores = {name: _stored(row[name]) for name in _SCORES}
    return tuple((row | scores | {"coverage": rounded(level.coverage, 6)}).values())


def _total_row(total: Aggregate) -> Sequence[Any]:
    row = {name: getattr(total, name) for name in _TOTAL}
    scores = {name: rounded(row[name], 10) for name in ("proven", "provisional", "possible")}
    return tuple((row | scores | {"coverage": rounded(total.coverage, 6)}).values())


def _stored(score: Score | None) -> Decimal | None:
    if score is None:
        return None
    return Decimal(score) if isinstance(score, int) else rounded(score, 10)


def read_finding(row: Mapping[str, Any]) -> Finding:
    """The finding that was written as that row."""
    score = row.get("score")
    return Finding(
        **{
            **row,
            "evidence_ids": tuple(row["evidence_ids"]),
            "score": None if score is None else Fraction(score),
        }
    )


def read_level(row: Mapping[str, Any], scale: str | None) -> IndicatorLevel:
    """The levels that were written as that row, under an instrument of that scale (None: whole)."""
    kind = Fraction if scale == "itemised" else int
    scores = {name: None if row[name] is None else kind(row[name]) for name in _SCORES}
    return IndicatorLevel(**{**row, **scores, "coverage": Fraction(row["coverage"])})


def crosswalk_rows(instrument: Instrument) -> list[dict[str, Any]]:
    """What carries over from SPBE 2020 to each indicator, as rows of `score.crosswalk`."""
    return [
        {
            "indicator": indicator.number,
            "ordinal": position,
            "status": indicator.spbe_2020.status,
            "from_instrument": "spbe-2020",
            "from_indicators": list(indicator.spbe_2020.indicators),
            "note": indicator.spbe_2020.note,
        }
        for position, indicator in enumerate(instrument.indicators, start=1)
        if indicator.spbe_2020 is not None
    ]
