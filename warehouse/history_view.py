"""Reading the scores of all dates from a published copy, for comparison with official results."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import duckdb

from transforms.backtest import Numbers, Scope, ScoredDate
from warehouse.connection import execute, statement

QUERIES = Path(__file__).parent / "queries"


def scored_dates(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], list[ScoredDate]]:
    """Every scored date by institution and instrument, under the rules in use where there is such a score."""
    found: dict[tuple[str, str], list[ScoredDate]] = {}
    rows = execute(connection, statement(QUERIES / "history_scores.sql"), {}).fetchall()
    for institution, instrument, score_id, as_of, day, ruleset_hash, official_year in rows:
        found.setdefault((institution, instrument), []).append(
            ScoredDate(score_id, as_of, day, ruleset_hash, official_year)
        )
    return found


def numbers(connection: duckdb.DuckDBPyConnection, score_id: str) -> Mapping[tuple[Scope, str], Numbers]:
    """Proven, provisional and possible of the index, domains, aspects and indicators of a score."""
    rows = execute(connection, statement(QUERIES / "history_numbers.sql"), {"score_id": score_id}).fetchall()
    return {
        (scope, code): (Fraction(proven), Fraction(provisional), Fraction(possible))
        for scope, code, proven, provisional, possible in rows
    }
