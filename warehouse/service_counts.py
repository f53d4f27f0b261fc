"""Counting uptime checks: the steps of `uptime/`, each a temporary table that the next ones read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from transforms.instrument import load_models
from warehouse.carry import carry_nothing
from warehouse.connection import execute, statement

_STEPS = Path(__file__).parent / "uptime"
_MODELS = ("institution_current", "service_window")
# What is taken from single checks; the steps after these look at these only.
_SEEN = ("counted_rule", "counted_from", "counted_service", "counted_seen")


def count_checks(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, institution: str | None = None
) -> None:
    """Build the tables `counted_*` from the current database, as of a moment (of one institution)."""
    carry_nothing(connection)
    see_checks(connection, as_of, institution)
    count_seen(connection, as_of)


def see_checks(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, institution: str | None = None
) -> None:
    """Build those that say which checks are counted one by one, by which rules; and maintenance.

    Of what is carried over (`carry`), only checks since.
    """
    parameters = {"as_of": as_of, "institutions": [institution] if institution else None}
    for model in load_models():
        if model.name in _MODELS:
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", parameters)
    for path in sorted(_STEPS.glob("[0-9]*.sql")):
        if _name(path) in _SEEN:
            _build(connection, path, as_of)


def count_seen(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Build those that follow from them, without another look at the checks."""
    for path in sorted(_STEPS.glob("[0-9]*.sql")):
        if _name(path) not in _SEEN:
            _build(connection, path, as_of)


def _build(connection: duckdb.DuckDBPyConnection, path: Path, as_of: datetime) -> None:
    sql = f"CREATE OR REPLACE TEMP TABLE {_name(path)} AS {statement(path)}"
    execute(connection, sql, {"as_of": as_of})


def _name(path: Path) -> str:
    return path.stem.partition("_")[2]
