"""Publishing: a compact read-only copy of what officers may see, swapped in by an atomic rename.

The copy holds the columns that `published.yml` names, with the documented views of `marts/` on top; never the
parsed rows of schema raw, nor the content of what was refused. Readers of the old copy keep it until they
close it.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from warehouse.carry import carry, keep, learn, next_midnights, see_services, settle, share, write_carried
from warehouse.connection import (
    DEFAULT_WAIT_SECONDS,
    SCHEMA_FOLDER,
    Home,
    copying,
    require_current_schema,
    statement,
)
from warehouse.counted import counting
from warehouse.explanations import write_explanations
from warehouse.files import remove, sync
from warehouse.lake import Lake
from warehouse.locks import only_one
from warehouse.published_columns import add_masking, published_tables, selected
from warehouse.service_facts import set_aside, write_levels, write_states

MARTS_FOLDER = Path(__file__).parent / "marts"
_REMOTE_READ = Path(__file__).parent / "queries" / "remote_read.sql"

_FINDINGS = SCHEMA_FOLDER / "0040_finding_view.sql"

SCHEMAS = ("core", "score", "ops", "mart")
_PARTS: Mapping[str, Path] = {"core.uptime_check": Path(__file__).parent / "queries" / "published_checks.sql"}
"""Tables of which only some rows are published, and which."""


@dataclass(frozen=True)
class PublishResult:
    """What was published: rows per table, the views on top, and the size of the file in bytes."""

    path: Path
    rows: Mapping[str, int]
    views: tuple[str, ...]
    size: int


def publish(
    warehouse: Home, target: Path, *, now: datetime, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> PublishResult:
    """Build the copy beside `target` and rename it over it; on failure the old copy stays as it was.

    Raises WarehouseBusyError naming the holder when the warehouse is still held, or another publication still
    runs, after `wait_seconds`; WarehouseError when there is no warehouse yet, or one with another schema.
    """
    with only_one(target, "publishing", wait_seconds):
        beside = target.with_name(f".{target.name}.new")
        try:
            rows, views = counting(target, partial(_build, warehouse, beside, now, wait_seconds))
            size = beside.stat().st_size
            sync(beside)
            beside.replace(target)
            sync(target.parent)
        finally:
            remove(beside)
    return PublishResult(target, rows, views, size)


def create_marts(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Create the views of `marts/` in the current database, with their comments; returns their names.

    The findings that they read are a view themselves.
    """
    connection.execute(statement(_FINDINGS))
    for path in sorted(MARTS_FOLDER.glob("*.sql")):
        connection.execute(statement(path))
    names = connection.execute(
        "SELECT view_name FROM duckdb_views() "
        "WHERE schema_name = 'mart' AND database_name = current_database() ORDER BY view_name"
    ).fetchall()
    return tuple(name for (name,) in names)


def _build(
    warehouse: Home, beside: Path, now: datetime, wait_seconds: float, counted: Path | None, new: Path
) -> tuple[tuple[Mapping[str, int], tuple[str, ...]], Mapping[str, datetime]]:
    # What a killed publication left, or one begun with a file that is no good: the lock is ours.
    remove(beside)
    quoted = str(beside).replace("'", "''")
    with copying(warehouse, wait_seconds) as connection:
        require_current_schema(connection, warehouse)
        # Carrying over was not tried on a lake: of one everything is counted.
        carry(connection, None if isinstance(warehouse, Lake) else counted, now)
        see_services(connection, now)
        # The smallest blocks: a small copy of many small tables is a tenth of its size with the default.
        # Nothing is written twice, as what a publication that is stopped leaves is of no use.
        connection.execute(f"ATTACH '{quoted}' AS published (BLOCK_SIZE 16384, RECOVERY_MODE no_wal_writes)")
        connection.execute("ATTACH ':memory:' AS aside")
        share(connection)
        # What is written down is copied and explained while services are counted: neither needs the other.
        with connection.cursor() as other, ThreadPoolExecutor(1) as beside_us:
            copied = beside_us.submit(_copy, other)
            set_aside(connection, now)
            connection.execute("USE aside")
            rows = copied.result()
            # Writers wait while the warehouse is attached; the rest does not need it.
            connection.execute("DETACH warehouse")
            explained = beside_us.submit(_explain, other)
            connection.execute("BEGIN")
            rows["core.service_now"] += write_states(connection, "published", now)
            rows["core.service_sla"] += write_levels(connection, "published", now)
            connection.execute("COMMIT")
            is_more_counted = keep(connection, new, now)
            due = next_midnights(connection, now)
            views, told = explained.result()
        connection.execute("USE memory")
        connection.execute("DETACH aside")
        if is_more_counted:
            settle(connection, "counted")
        settle(connection, "published")
    return (rows | told, views), due


def _copy(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("USE warehouse")
    learn(connection)
    connection.execute("BEGIN")
    rows = copy_tables(connection, "warehouse", "published")
    rows["core.service_sla"] += write_carried(connection, "published")
    connection.execute("COMMIT")
    connection.execute("USE published")
    return rows


def _explain(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, ...], dict[str, int]]:
    """Reads nothing that counting fills (write_states, write_levels)."""
    connection.execute("BEGIN")
    views = create_marts(connection)
    connection.execute(statement(_REMOTE_READ))
    rows = write_explanations(connection)
    connection.execute("COMMIT")
    return views, rows


def copy_tables(connection: duckdb.DuckDBPyConnection, source: str, target: str) -> dict[str, int]:
    """Copy what officers may see from one attached database into another, empty one; rows per table.

    Needs to know which services were seen when (`see_services`).
    """
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {target}.{schema}")
    add_masking(connection)
    rows = {}
    for table, allowed in published_tables().items():
        part = statement(_PARTS[table]).format(source=source) if table in _PARTS else f"FROM {source}.{table}"
        copied = connection.execute(
            f"CREATE TABLE {target}.{table} AS SELECT {selected(allowed)} FROM ({part})"
        ).fetchone()
        rows[table] = copied[0] if copied else 0
    return rows
