"""What a published copy says of services that needs every check there is: state now and service levels.

Counting takes seconds for a million checks. So what it needs is set aside while the warehouse is held, and
counted after it was let go.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from transforms.instrument import load_models
from warehouse.connection import execute, statement
from warehouse.service_counts import count_seen, see_checks

_QUERIES = Path(__file__).parent / "queries"
_ASIDE = Path(__file__).parent / "aside"
_STATE = ("service_ever", "service_per_day", "service_reversal", "service_state")


def set_aside(connection: duckdb.DuckDBPyConnection, path: Path, now: datetime) -> None:
    """Take what counting as of `now` needs of the current database.

    Into a database of its own, named `aside`, and temporary tables.
    """
    quoted = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS aside")
    see_checks(connection, now)
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA aside.core")
    for step in sorted(_ASIDE.glob("*.sql")):
        execute(connection, statement(step), {"as_of": now})
    connection.execute("COMMIT")


def write_service_facts(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> dict[str, int]:
    """Fill core.service_now and core.service_sla of the database `target` from the current one, as of `now`.

    Returns rows per table.
    """
    count_seen(connection, now)
    for model in load_models():
        if model.name in _STATE:
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", {"as_of": now})
    rows = {}
    for table in ("service_now", "service_sla"):
        facts = statement(_QUERIES / f"{table}.sql")
        written = execute(
            connection, f"INSERT INTO {target}.core.{table} BY NAME {facts}", {"as_of": now}
        ).fetchone()
        rows[f"core.{table}"] = written[0] if written else 0
    return rows
