"""Warehouses of every schema that was ever in use, and an archive of the first days, under the code of today."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.keep_schema import KEPT, first_day, second_day
from warehouse.connection import SCHEMA_FOLDER, writing
from warehouse.errors import WarehouseError
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FILES = sorted(path.name for path in KEPT.glob("*.duckdb.gz"))
OLDEST, NEWEST = FILES[0], FILES[-1]
READ_THEN = KEPT / "first_day.json"
"""What the first day of the kept archive was read as when it was kept: a parser must not change its mind."""


def digest(rows: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr([[str(value) for value in row] for row in rows]).encode()).hexdigest()


def unpacked(name: str, warehouse: Path) -> None:
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    warehouse.write_bytes(gzip.decompress((KEPT / name).read_bytes()))


def rows_of(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[tuple[str, str], list[str]]
) -> dict[Any, Any]:
    """The rows of each table, in those columns."""
    return {
        at: connection.execute(
            f"SELECT {', '.join(names)} FROM {'.'.join(at)} ORDER BY ALL"
        ).fetchall()
        for at, names in columns.items()
    }  # fmt: skip


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, column, kind in connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' AND table_name != 'migration' ORDER BY ALL"
    ).fetchall():
        found.setdefault((schema, table), []).append(f'"{column}"::{kind} AS "{column}"')
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_kept_warehouse_moves_forward_and_loses_no_row(name: str, tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    unpacked(name, warehouse)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{warehouse}' AS warehouse (READ_ONLY)")
        connection.execute("USE warehouse")
        connection.execute("SET TimeZone = 'UTC'")
        columns = columns_of(connection)
        before = rows_of(connection, columns)
    assert sum(1 for rows in before.values() if rows) > len(before) * 0.6
    with writing(warehouse, NOON) as connection:
        assert rows_of(connection, columns) == before
        moved = columns_of(connection)
        done = connection.execute("SELECT number FROM ops.migration ORDER BY ALL").fetchall()
    assert done == [(int(path.name[:4]),) for path in sorted(SCHEMA_FOLDER.glob("*.sql"))]
    with writing(tmp_path / "fresh.duckdb", NOON) as connection:
        fresh = columns_of(connection)
    assert {at: sorted(names) for at, names in moved.items()} == {
        at: sorted(names) for at, names in fresh.items()
    }


@pytest.mark.e2e
@pytest.mark.parametrize("name", [OLDEST, NEWEST])
def test_a_kept_warehouse_loads_what_is_pending_scores_and_publishes(name: str, tmp_path: Path) -> None:
    line = first_day(tmp_path)
    unpacked(name, line.places.warehouse)
    assert line.load() == []
    second_day(line)
    loaded = line.load()
    assert {result.outcome for result in loaded} <= {"loaded", "refused"}
    assert len(loaded) >= 6
    assert sum(result.loaded for result in loaded) > 100
    scored = line.score()
    assert scored.previous is None or scored.previous.as_of < scored.current.as_of
    publish(line.places.warehouse, line.places.published, now=line.now)
    with line.published() as connection:
        assert connection.execute("SELECT count(*) FROM mart.indeks_terkini").fetchone() == (1,)


def test_captures_of_the_first_day_are_read_as_they_were_then(tmp_path: Path) -> None:
    line = first_day(tmp_path)
    loaded = {result.source: [result.outcome, result.loaded] for result in line.load()}
    then = json.loads(READ_THEN.read_text())
    assert loaded == then["loaded"]
    for table, kept in then["raw"].items():
        rows = line.rows(f"SELECT {', '.join(kept['columns'])} FROM raw.{table} ORDER BY ALL")
        assert (table, digest(rows)) == (table, kept["sha256"])


def test_a_warehouse_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    unpacked(NEWEST, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("INSERT INTO ops.migration VALUES (9999, '9999_later', now())")
        connection.execute("CHECKPOINT")
    before = warehouse.read_bytes()
    with pytest.raises(WarehouseError, match="schema 9999") as refused, writing(warehouse, NOON):
        pass
    assert str(warehouse) in str(refused.value)
    assert warehouse.read_bytes() == before
