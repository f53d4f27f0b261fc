"""Levels and findings as rows, to the last digit: whole numbers stay whole, scores keep ten decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

from transforms.index import Aggregate, rounded
from transforms.instrument import Instrument
from transforms.scoring import Finding, IndicatorLevel, Score

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
    """Levels of indicators as columns of `score.level`. Many are the same object."""
    distinct = {id(level): level for level in levels}
    rows = {key: _level_row(level) for key, level in distinct.items()}
    ordered = [rows[id(level)] for level in levels]
    return {name: [row[place] for row in ordered] for place, name in enumerate(_LEVEL)}


_LEVEL = tuple(field.name for field in fields(IndicatorLevel))


def _level_row(level: IndicatorLevel) -> tuple[Any, ...]:
    row = {name: getattr(level, name) for name in _LEVEL}
    scores = {name: _stored(row[name]) for name in _SCORES}
    return tuple((row | scores | {"coverage": rounded(level.coverage, 6)}).values())


def total_columns(totals: Sequence[Aggregate]) -> dict[str, list[Any]]:
    """Aggregates as columns of `score.aggregate`."""
    columns = {name: [getattr(total, name) for total in totals] for name in _TOTAL}
    for name, digits in (("proven", 10), ("provisional", 10), ("possible", 10), ("coverage", 6)):
        columns[name] = [rounded(value, digits) for value in columns[name]]
    return columns


_TOTAL = tuple(field.name for field in fields(Aggregate))


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
