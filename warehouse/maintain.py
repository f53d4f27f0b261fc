"""Maintenance: old uptime checks are rolled up, the file is made compact, and all sizes are told.

DuckDB does not give space back that rows took which are gone. So the whole is copied into a new file,
compared with the old, and swapped in; whatever stops that on its way, the old file stays where and as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.connection import Home, copying, exists, writing
from warehouse.errors import WarehouseError
from warehouse.files import remove
from warehouse.lake import Lake
from warehouse.rebuild import alone, move
from warehouse.rollup import RolledUp, roll_up_all

Progress = Callable[[int, int, str], None]
_MEASURED = ("raw", "core", "score", "ops")


@dataclass(frozen=True)
class TableSize:
    """Rows of a table, and the bytes of the blocks that it has in the file (small tables share some)."""

    table: str
    rows: int
    size: int


@dataclass(frozen=True)
class Sizes:
    """The bytes of everything in a data folder, and of each table of the warehouse."""

    warehouse: int
    archive: int
    published: int
    tables: tuple[TableSize, ...]


@dataclass(frozen=True)
class Maintained:
    """What maintenance did; the sizes of before and after."""

    rolled_up: tuple[RolledUp, ...]
    before: Sizes
    after: Sizes


def maintain(
    warehouse: Home,
    others: Mapping[str, Path],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> Maintained:
    """Roll up what is old enough, make the file compact, measure; `others` are `archive` and `published`.

    A lake is no file: its upkeep is `pantau compact`, and its sizes are not told.

    Raises WarehouseBusyError when the warehouse stays held or is being rebuilt, WarehouseError when there is
    none.
    """
    if not exists(warehouse):
        raise WarehouseError(
            f"{warehouse}: there is no warehouse yet; run pantau collect and pantau load first"
        )
    before = measure(warehouse, others)
    rolled_up = roll_up_all(warehouse, now=now)
    if progress:
        progress(1, 2, "rolled up")
    if not isinstance(warehouse, Lake):
        compact(warehouse, now=now)
    if progress:
        progress(2, 2, "compact")
    return Maintained(tuple(rolled_up), before, measure(warehouse, others))


def measure(warehouse: Home, others: Mapping[str, Path]) -> Sizes:
    """The sizes as they are. Raises as `copying` does."""
    if isinstance(warehouse, Lake):
        return Sizes(0, _size(others["archive"]), _size(others["published"]), ())
    with copying(warehouse) as connection:
        tables = []
        names = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
            "WHERE database_name = 'warehouse' AND list_contains($schemas, schema_name) ORDER BY 1",
            {"schemas": list(_MEASURED)},
        ).fetchall()
        sizes = connection.execute(
            "SELECT block_size FROM pragma_database_size() WHERE database_name = 'warehouse'"
        ).fetchone()
        block = sizes[0] if sizes else 0
        for (name,) in names:
            found = connection.execute(
                f"SELECT (SELECT count(*) FROM {name}), count(DISTINCT block_id) FILTER (WHERE persistent) "
                f"FROM pragma_storage_info('{name}')"
            ).fetchone()
            assert found is not None
            tables.append(TableSize(name, found[0], found[1] * block))
    return Sizes(_size(warehouse), _size(others["archive"]), _size(others["published"]), tuple(tables))


def compact(warehouse: Path, *, now: datetime) -> None:
    """Copy the warehouse into a file of its own and swap that in when both hold the same.

    Raises as `maintain` does, and WarehouseError when the copy is not the same, or cannot be made.
    """
    beside = warehouse.with_name(f".{warehouse.name}.compact")
    with alone(warehouse):
        # Only what a killed maintenance left can be here: the lock is ours.
        remove(beside)
        try:
            with writing(warehouse, now):
                # Takes over what a killed writer left in the WAL: the new file must not meet that of the old.
                pass
            with copying(warehouse) as connection:
                if warehouse.with_name(f"{warehouse.name}.wal").exists():
                    raise WarehouseError(
                        f"{warehouse}: a writer was killed just now; run pantau maintain again"
                    )
                quoted = str(beside).replace("'", "''")
                connection.execute(f"ATTACH '{quoted}' AS compacted")
                connection.execute("COPY FROM DATABASE warehouse TO compacted")
                connection.execute("CHECKPOINT compacted")
                if different := _different(connection):
                    raise WarehouseError(
                        f"{warehouse}: its copy differs in {', '.join(different)}; the old file stays. "
                        "Report this"
                    )
                connection.execute("DETACH compacted")
                # Nobody can write to the old one while it is attached, and who waits finds the new one.
                move(warehouse, beside)
        finally:
            remove(beside)


def _different(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that are not declared alike, or do not hold the same rows, in both databases."""
    declared = {
        database: dict(
            connection.execute(
                "SELECT schema_name || '.' || table_name, list({name: column_name, type: data_type, "
                "usual: column_default, empty: is_nullable} ORDER BY column_index) FROM duckdb_columns() "
                "WHERE database_name = $database AND NOT internal GROUP BY ALL",
                {"database": database},
            ).fetchall()
        )
        for database in ("warehouse", "compacted")
    }
    old, new = declared["warehouse"], declared["compacted"]
    different = {table for table in old.keys() | new.keys() if old.get(table) != new.get(table)}
    for table in old.keys() - different:
        held = {
            connection.execute(
                "SELECT count(*), sum(hash(held)::HUGEINT), bit_xor(hash(held)) "
                f"FROM {database}.{table} AS held"
            ).fetchone()
            for database in declared
        }
        if len(held) > 1:
            different.add(table)
    return sorted(different)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
