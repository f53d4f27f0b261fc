"""What a published copy says of services that needs every check there is: state now and service levels.

Counting takes seconds for a million checks. So what it needs is set aside while the warehouse is held, and
counted after it was let go.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from transforms.instrument import load_models
from warehouse.connection import execute, moment, statement
from warehouse.service_counts import count_seen, see_checks

_QUERIES = Path(__file__).parent / "queries"
_ASIDE = Path(__file__).parent / "aside"
_STATE = (
    *("service_ever", "service_failure", "service_per_day", "service_per_month", "service_reversal"),
    "service_state",
)
_STATES_ALONE = ("service_check", "recent_checks")
"""What is set aside for states alone."""


def set_aside(connection: duckdb.DuckDBPyConnection, now: datetime, *, has_states: bool = True) -> None:
    """Take what counting as of `now` needs of the current database, also for states now unless told.

    Into the database in memory that is attached as `aside`, and temporary tables. Of what is carried over
    (`carry`), only what came since; `service_seen` says of which services there are checks.
    """
    see_checks(connection, now)
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA aside.core")
    known = {"as_of": now}
    for step in sorted(_ASIDE.glob("*.sql")):
        if not has_states and step.stem.endswith(_STATES_ALONE):
            continue
        execute(connection, statement(step), known)
        if step.stem.endswith("last_check"):
            known |= _recent(connection, now)
    connection.execute("COMMIT")


def _recent(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, datetime]:
    """From when on checks may be among the last 30 days of a service; by when each is well within them."""
    month = timedelta(days=30)
    first, last = connection.execute(
        "SELECT epoch_us(min(latest_at)), epoch_us(max(latest_at)) FROM last_check"
    ).fetchall()[0]
    return {
        "recent_from": (moment(first) or now) - month,
        "recent_to": (moment(last) or now) - month + timedelta(days=1),
    }


def write_states(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> int:
    """Fill core.service_now of the database `target` from what was set aside; how many rows there are."""
    for model in load_models():
        if model.name in _STATE:
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", {"as_of": now})
    return _write(connection, target, "service_now", now)


def write_levels(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> int:
    """Fill core.service_sla of the database `target` from what was set aside; how many rows there are."""
    count_seen(connection, now)
    return _write(connection, target, "service_sla", now)


def _write(connection: duckdb.DuckDBPyConnection, target: str, table: str, now: datetime) -> int:
    facts = statement(_QUERIES / f"{table}.sql")
    sql = f"INSERT INTO {target}.core.{table} BY NAME {facts}"
    written = execute(connection, sql, {"as_of": now}).fetchone()
    return written[0] if written else 0
