"""Models of service pages on later dates: what was read since the date before is added to what stood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import execute, statement

PAGES = ("page_known", "page_reading", "page_ever", "page_week")
"""In the order of their files."""
_QUERIES = Path(__file__).parent / "queries"


def step_pages(
    connection: duckdb.DuckDBPyConnection,
    models: Mapping[str, str],
    since: datetime,
    parameters: Mapping[str, Any],
) -> None:
    """Let PAGES, which stand at `since`, stand at a later date, or at one from which the same follows.

    `models` are the statements of all models; institution_current and service_window stand at the later date.
    """
    as_of = parameters["as_of"]
    between = {"before": since, "as_of": as_of}
    found = execute(connection, statement(_QUERIES / "moved_windows.sql"), between).fetchall()
    moved = [name for (name,) in found]
    added = statement(_QUERIES / "added_page_reading.sql")
    execute(connection, f"CREATE OR REPLACE TEMP TABLE page_reading AS {added}", {**between, "moved": moved})
    if moved:
        _read_again(connection, models, moved, parameters)
    merged = statement(_QUERIES / "merged_page_ever.sql")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE page_ever AS WITH added AS ({models['page_ever']}\n) FROM ({merged}\n)"
    )
    # Each date adds a row for each service; as often as a week begins they become few again.
    if _week(since) != _week(as_of):
        merged = statement(_QUERIES / "merged_page_week.sql")
        # What began the last week was added after weeks were last merged.
        values = {"since_week": _week(since) - 1}
        execute(connection, f"CREATE OR REPLACE TEMP TABLE page_week AS {merged}", values)
    connection.execute(f"INSERT INTO page_week BY NAME {models['page_week']}")


def _week(at: datetime) -> int:
    """As the models count weeks."""
    return int(at.timestamp()) // 86400 // 7


def _read_again(
    connection: duckdb.DuckDBPyConnection,
    models: Mapping[str, str],
    moved: list[str],
    parameters: Mapping[str, Any],
) -> None:
    """Put all readings of institutions among those added, and forget what stood of them."""
    of_moved = "WHERE institution IN (SELECT unnest($moved::VARCHAR[]))"
    for where in (
        f"page_week WHERE number IN (SELECT number FROM page_ever {of_moved})",
        f"page_ever {of_moved}",
    ):
        execute(connection, f"DELETE FROM {where}", {"moved": moved})
    for name in ("institution_current", "page_known"):
        values = {**parameters, "institutions": moved}
        execute(connection, f"CREATE OR REPLACE TEMP TABLE {name} AS {models[name]}", values)
    execute(connection, f"INSERT INTO page_reading BY NAME {models['page_reading']}", parameters)
    current = models["institution_current"]
    execute(connection, f"CREATE OR REPLACE TEMP TABLE institution_current AS {current}", parameters)
