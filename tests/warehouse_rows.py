"""Short rows for tests: core tables filled from what matters in a case, the rest from defaults.

Used by the probe and model tables (`tests/probes/*.yml`), where a case names only the columns it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from collectors.indonesian import normalise_title
from collectors.legal_relations import in_title, to_text
from transforms.instrument import parameters_of
from warehouse.carry import carry_nothing, see_services
from warehouse.service_facts import set_aside, write_levels, write_states

SCHEMA = Path(__file__).parents[1] / "warehouse" / "schema"
LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
_RUN = re.compile(r"([ud?])(\d*)")

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "institution": {
        "kind": "kota",
        "time_zone": "Asia/Jakarta",
        "instrument": "spbe-2020",
        "down_after": timedelta(minutes=15),
        "valid_from": LONG_AGO,
    },
    "observation": {"source": "jdih", "is_ok": True},
    "regulation": {
        "source": "jdih",
        "type_code": "perkada",
        "type_name": "Peraturan Wali Kota",
        "number": "1",
        "year": 2023,
        "status": "berlaku",
        "valid_from": LONG_AGO,
    },
    "service": {"agency": "diskominfo", "valid_from": LONG_AGO},
    "service_shows": {"valid_from": LONG_AGO},
    "uptime_check": {"is_https": True, "tls_ok": True, "status": 200, "attempts": 1, "source": "layanan"},
    "application": {"source": "registri", "status": "aktif", "kind": "khusus", "valid_from": LONG_AGO},
    "dataset": {
        "source": "katalog",
        "formats": "csv",
        "is_described": True,
        "resource_count": 1,
        "modified_at": LONG_AGO,
        "valid_from": LONG_AGO,
    },
}


def warehouse_with(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse holding these rows of `core` tables; columns not named take their default."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_tables())
    fill(connection, rows)
    return connection


@cache
def _tables() -> str:
    """What all migrations come to, as DuckDB itself writes it: half the time of running them again and again."""
    with duckdb.connect() as connection:
        for path in sorted(SCHEMA.glob("*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        made = connection.execute(
            "SELECT 'CREATE SCHEMA ' || schema_name || ';' FROM duckdb_schemas() "
            "WHERE NOT internal AND schema_name != 'main' UNION ALL "
            "SELECT sql FROM duckdb_tables() UNION ALL "
            "SELECT sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
    return "\n".join(sql for (sql,) in made)


def fill(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Append these rows to `core` tables of a warehouse; columns not named take their default."""
    for table, entries in rows.items():
        ready = [row for entry in entries for row in completed(table, entry)]
        columns = {name for row in ready for name in row}
        frame = pd.DataFrame({name: [row.get(name) for row in ready] for name in columns}, dtype=object)
        connection.register("rows_to_append", frame)
        connection.execute(f"INSERT INTO core.{table} BY NAME SELECT * FROM rows_to_append")
        connection.unregister("rows_to_append")


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]
) -> duckdb.DuckDBPyConnection:
    """Execute a statement with those of `values` that it names."""
    return connection.execute(sql, {name: values[name] for name in parameters_of(sql)})


def completed(table: str, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry as the rows of a table that it stands for, columns not named from their defaults."""
    row: dict[str, Any] = {**DEFAULTS.get(table, {}), **entry}
    if table == "regulation":
        row.setdefault("title_norm", normalise_title(row["title"]))
        row.setdefault("regulation_key", f"{row['type_code']}/{row['year']}/{row['number']}")
        row.setdefault("capture_id", f"c-{row['number']}")
        row.setdefault("relations", to_text(in_title(row["title"])))
    if table == "dataset":
        row.setdefault("title", row["dataset_key"])
        row.setdefault("capture_id", "c-katalog")
    if table == "application":
        row.setdefault("application_key", row["name"].lower())
        row.setdefault("capture_id", "c-registri")
    if table == "service":
        row.setdefault("name", row["service_id"].upper())
        row.setdefault("url", f"https://{row['service_id']}.kota.go.id/")
    if table == "uptime_check" and "pattern" in row:
        return _series(row)
    return [row]


def _series(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Checks from a pattern such as "u20 d3": up, down or ? (could not tell), the last one at `last_at`.

    Captures are named <service>-<position>, counted from the last check, which is 1.
    """
    letters = "".join(letter * int(count or 1) for letter, count in _RUN.findall(row.pop("pattern")))
    last_at, step = row.pop("last_at"), timedelta(minutes=row.pop("every_minutes", 5))
    error_class = row.pop("error_class", "timeout")
    outcome: dict[str, dict[str, Any]] = {
        "u": {"is_up": True},
        "d": {
            "is_up": False,
            "status": None,
            "tls_ok": False if error_class.startswith("tls_") else None,
            "error_class": error_class,
        },
        "?": {"is_up": None, "error_class": "blocked"},
    }
    return [
        {
            **row,
            **outcome[letter],
            "checked_at": last_at - step * back,
            "capture_id": f"{row['service_id']}-{back + 1}",
        }
        for back, letter in enumerate(reversed(letters))
    ]


def count_services(connection: duckdb.DuckDBPyConnection, database: str, as_of: datetime) -> None:
    """Count states and service levels of the current `database` into it, as a publication does from what it sets aside."""
    carry_nothing(connection)
    see_services(connection, as_of)
    connection.execute("ATTACH ':memory:' AS aside")
    set_aside(connection, as_of)
    connection.execute("USE aside")
    write_states(connection, database, as_of)
    write_levels(connection, database, as_of)
    connection.execute(f"USE {database}")
    connection.execute("DETACH aside")
