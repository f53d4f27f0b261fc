"""What a published copy says of services that needs every check ever made: state now and service levels.

Counting takes seconds for a million checks. So the checks are set aside while the warehouse is held, and
counted after it was let go.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from transforms.instrument import load_models
from warehouse.connection import execute, statement

_QUERIES = Path(__file__).parent / "queries"
_MODELS = ("institution_current", "service_window", "service_state")
_TABLES = {
    "institution": "*",
    "maintenance": "*",
    "service": "*",
    # What neither levels nor states look at stays behind.
    "uptime_check": (
        "institution, service_id, source, checked_at, loaded_at, capture_id, is_up, status, error_class, "
        "attempts, is_https, tls_ok, cert_expires_at, total_ms, first_byte_ms"
    ),
}


def set_aside(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Copy what counting needs from the current database into one of its own at `path`, named `aside`."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS aside")
    connection.execute("CREATE SCHEMA aside.core")
    for table, columns in _TABLES.items():
        connection.execute(f"CREATE TABLE aside.core.{table} AS SELECT {columns} FROM core.{table}")


def write_service_facts(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> dict[str, int]:
    """Fill core.service_now and core.service_sla of the database `target` from the current one, as of `now`.

    Returns rows per table.
    """
    for model in load_models():
        if model.name in _MODELS:
            execute(
                connection,
                f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}",
                {"as_of": now, "institutions": None},
            )
    rows = {}
    for table in ("service_now", "service_sla"):
        facts = statement(_QUERIES / f"{table}.sql")
        written = execute(
            connection, f"INSERT INTO {target}.core.{table} BY NAME {facts}", {"as_of": now}
        ).fetchone()
        rows[f"core.{table}"] = written[0] if written else 0
    return rows
