"""Levels and findings as rows, to the last digit: whole numbers stay whole, scores keep ten decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from transforms.index import rounded
from transforms.instrument import Instrument
from transforms.scoring import Finding, IndicatorLevel

_SCORES = ("proven", "floor", "provisional", "possible", "official")


def finding_row(finding: Finding) -> dict[str, Any]:
    """A finding as a row of `score.finding`."""
    score = None if finding.score is None else rounded(finding.score, 10)
    return asdict(finding) | {"evidence_ids": list(finding.evidence_ids), "score": score}


def level_row(level: IndicatorLevel) -> dict[str, Any]:
    """An indicator's levels as a row of `score.level`."""
    row = asdict(level)
    scores = {name: None if row[name] is None else rounded(Fraction(row[name]), 10) for name in _SCORES}
    return row | scores | {"coverage": rounded(level.coverage, 6)}


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
