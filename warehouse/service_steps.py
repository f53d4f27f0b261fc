"""Models of the state of services on later dates: checks since the date before are added to what stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import execute, statement

_FOLLOWING = ("service_ever", "service_failure", "service_per_day", "service_per_month", "service_reversal")
"""Models that follow from single checks of service_check, and are added to with it."""
SERVICES = ("check_fault", "check_up", "service_check", *_FOLLOWING)
"""In the order of their files."""
_NEEDED = {"service_check": 28, "service_per_day": 7, "service_failure": 7, "service_reversal": 7}
"""After how many days they are left what later dates can ask for (needed_*.sql): checks take longest."""
_QUERIES = Path(__file__).parent / "queries"


def step_services(
    connection: duckdb.DuckDBPyConnection,
    models: Mapping[str, str],
    since: datetime,
    parameters: Mapping[str, Any],
) -> None:
    """Let SERVICES, which stand at `since`, stand at a later date, or at one from which the same follows.

    `models` are the statements of all models; institution_current and service_window stand at the later date.
    """
    as_of = parameters["as_of"]
    between = {"before": since, "as_of": as_of}
    found = execute(connection, statement(_QUERIES / "moved_windows.sql"), between).fetchall()
    moved = [name for (name,) in found]
    for name, days in _NEEDED.items():
        if since.date().toordinal() // days != as_of.date().toordinal() // days:
            needed = statement(_QUERIES / f"needed_{name}.sql")
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {needed}")
            if name == "service_per_day":
                month = models["service_per_month"]
                connection.execute(f"CREATE OR REPLACE TEMP TABLE service_per_month AS {month}")
    added = statement(_QUERIES / "added_service_check.sql")
    execute(connection, f"CREATE OR REPLACE TEMP TABLE added AS {added}", {**between, "moved": moved})
    if moved:
        execute(
            connection,
            "DELETE FROM service_check WHERE institution IN (SELECT unnest($moved::VARCHAR[]))",
            {"moved": moved},
        )
        for name in ("institution_current", "check_fault", "check_up"):
            values = {**parameters, "institutions": moved}
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {name} AS {models[name]}", values)
        execute(connection, f"INSERT INTO added BY NAME {models['service_check']}", parameters)
        current = models["institution_current"]
        execute(connection, f"CREATE OR REPLACE TEMP TABLE institution_current AS {current}", parameters)
    connection.execute("INSERT INTO service_check BY NAME FROM added")
    _follow(connection, models, moved)


def _follow(connection: duckdb.DuckDBPyConnection, models: Mapping[str, str], moved: Sequence[str]) -> None:
    """Let what follows from service_check stand with the checks `added`, each model asked of these alone.

    Of institutions that moved, these are all.
    """

    def of(checks: str, name: str) -> str:
        return f"WITH service_check AS (FROM {checks}) FROM ({models[name]}\n)"

    if moved:
        of_moved = "WHERE institution IN (SELECT unnest($moved::VARCHAR[]))"
        for name in reversed(_FOLLOWING):
            where = (
                of_moved
                if name == "service_ever"
                else f"WHERE number IN (SELECT number FROM service_ever {of_moved})"
            )
            execute(connection, f"DELETE FROM {name} {where}", {"moved": moved})
    # What the first of them reverses is the last that could tell before.
    execute(
        connection,
        "CREATE OR REPLACE TEMP TABLE added_told AS FROM added UNION ALL BY NAME SELECT institution, "
        "service_id, last_told_at AS checked_at, last_told_at IS NOT DISTINCT FROM last_up_at AS is_up "
        "FROM service_ever WHERE last_told_at IS NOT NULL",
    )
    merged = statement(_QUERIES / "merged_service_ever.sql")
    execute(
        connection,
        "CREATE OR REPLACE TEMP TABLE service_ever AS "
        f"WITH added AS ({of('temp.added', 'service_ever')}) FROM ({merged}\n)",
    )
    # A day that is held counts once, however many dates add to it.
    execute(
        connection,
        "CREATE OR REPLACE TEMP TABLE added_day AS "
        "SELECT one.* REPLACE ((one.day IS DISTINCT FROM past.last_day)::INTEGER AS days) "
        f"FROM ({of('added', 'service_per_day')}) AS one LEFT JOIN service_per_month AS past USING (number)",
    )
    execute(connection, "INSERT INTO service_per_day BY NAME FROM added_day")
    merged = statement(_QUERIES / "merged_service_per_month.sql")
    execute(connection, f"CREATE OR REPLACE TEMP TABLE service_per_month AS {merged}")
    execute(connection, f"INSERT INTO service_failure BY NAME {of('added', 'service_failure')}")
    execute(connection, f"INSERT INTO service_reversal BY NAME {of('added_told', 'service_reversal')}")
