"""A warehouse for many machines: a DuckLake, its catalog in PostgreSQL, its rows in Parquet on a shared path.

A transaction sees one snapshot, and nothing in it is unique by itself. So who writes holds locks in
PostgreSQL meanwhile: writers of one institution come one after the other, those of different institutions
run at once, and who writes of no institution in particular has the warehouse alone. A process that dies
loses its locks with its connection, and nothing that it did not commit is seen by anybody.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from warehouse.errors import WarehouseBusyError, WarehouseConflictError, WarehouseError
from warehouse.extensions import load_extension

PREFIX = "ducklake:postgres:"
WAIT_SECONDS = 600.0
"""Who compacts, or scores under new rules first, has the warehouse alone for minutes."""
INLINED_ROWS = 500
"""Inserts of at most so many rows stay in PostgreSQL until compacted: a file each would be too many."""

# Tables that grow by the row of every institution: who scores one reads the files of that one only.
_PARTITIONED = (
    "raw.application", "raw.attestation", "raw.dataset", "raw.regulation", "raw.uptime_check",
    "core.application", "core.attestation", "core.capture", "core.dataset", "core.regulation",
    "core.uptime_check", "score.finding_set",
)  # fmt: skip
# Two kinds of PostgreSQL advisory locks: of the whole warehouse, and of one institution in it.
_WHOLE, _INSTITUTION = 5901, 5902
_CONFLICTS = ("Transaction conflict", "exceeded the maximum retry count", "Exceeded the maximum retry count")
_UNREACHABLE = (
    "Unable to connect to Postgres",
    "connection to server",
    "server closed the connection",
    'Failed to execute query "ROLLBACK"',
)
_REASON = re.compile(r"(?:failed: |Postgres: )(?P<reason>[^\n]+)")


@dataclass(frozen=True)
class Lake:
    """Where a DuckLake is.

    `catalog` is a connection string of libpq without a password: that comes from PGPASSWORD or ~/.pgpass.
    `data_path` is where all machines keep the Parquet files; `folder` a local one for what only waits.
    """

    catalog: str
    data_path: Path
    folder: Path

    def __str__(self) -> str:
        return f"{PREFIX}{self.catalog}"


@dataclass
class _Instance:
    """One DuckDB of this process with the lake attached as `warehouse`, its catalog as `locks`."""

    connection: duckdb.DuckDBPyConnection
    is_current: bool = False


@dataclass(frozen=True)
class Schema:
    """How the schema of a warehouse is looked at and brought forward."""

    is_current: Callable[[duckdb.DuckDBPyConnection], bool]
    migrate: Callable[[duckdb.DuckDBPyConnection], None]


@contextmanager
def lake_errors(lake: Lake) -> Iterator[None]:
    """What DuckDB says of a conflict, or of a catalog that is away, becomes a WarehouseError."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        if any(words in text for words in _CONFLICTS):
            raise WarehouseConflictError(
                f"{lake}: others changed the same tables meanwhile, nothing of this step was kept; run again"
            ) from error
        if any(words in text for words in _UNREACHABLE):
            found = _REASON.search(text)
            reason = found["reason"].strip() if found else "the connection was lost"
            raise WarehouseError(
                f"{lake}: the catalog cannot be reached ({reason}); see that PostgreSQL runs and that "
                "PGPASSWORD or ~/.pgpass holds the password, then run again: nothing was lost"
            ) from error
        if "does not match existing data path" in text:
            raise WarehouseError(
                f"{lake}: its files are not in {lake.data_path}; set data_path to where they are, the same "
                f"on every machine ({text.splitlines()[0]})"
            ) from error
        raise


@contextmanager
def transaction(
    lake: Lake,
    schema: Schema,
    institutions: Collection[str] | None,
    wait_seconds: float | None = None,
    *,
    has_own_instance: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """One transaction on a lake at the newest schema: of these institutions' rows or, if None, alone.

    `has_own_instance`: settings of the connection and what is attached to it are nobody else's. Raises
    WarehouseBusyError naming a holder, WarehouseConflictError, and WarehouseError where there is no catalog.
    """
    wait = WAIT_SECONDS if wait_seconds is None else wait_seconds
    with lake_errors(lake):
        shared = _instance(lake)
        _bring_forward(lake, shared, schema, wait)
        with _locked(lake, shared.connection, institutions, wait):
            connection = _attached(lake) if has_own_instance else _cursor(shared.connection)
            with _closing(connection):
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")


@contextmanager
def alone(lake: Lake, wait_seconds: float = WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Nobody else writes meanwhile; each statement is a transaction. Raises as `transaction` does."""
    with lake_errors(lake):
        shared = _instance(lake)
        with (
            _locked(lake, shared.connection, None, wait_seconds),
            _closing(_cursor(shared.connection)) as cursor,
        ):
            yield cursor


@contextmanager
def snapshot(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake as it stands now, read-only, as the attached database `warehouse` of an instance of its own.

    Nobody waits for it.
    """
    with lake_errors(lake):
        found = (
            _cursor(_instance(lake).connection)
            .execute("SELECT id FROM ducklake_current_snapshot('warehouse')")
            .fetchone()
        )
        assert found is not None
        connection = _attached(lake, f", SNAPSHOT_VERSION {found[0]}")
        try:
            yield connection
        finally:
            connection.close()


@cache
def _instance(lake: Lake) -> _Instance:
    """One for all of a process' transactions: to load the extensions takes longer than most of them.

    Where the catalog is empty it is made, by one process of those that find it so.
    """
    connection = _with_extensions()
    try:
        who = f"application_name={_who()}"
        connection.execute(f"ATTACH '{_quoted(f'{lake.catalog} {who}')}' AS locks (TYPE postgres)")
        if not _has_catalog(connection):
            with _locked(lake, connection, None, WAIT_SECONDS):
                _attach(connection, lake, "")
                connection.execute(f"CALL warehouse.set_option('data_inlining_row_limit', {INLINED_ROWS})")
        else:
            _attach(connection, lake, "")
    except BaseException:
        connection.close()
        raise
    return _Instance(connection)


def _has_catalog(connection: duckdb.DuckDBPyConnection) -> bool:
    found = _ask(connection, "SELECT to_regclass('ducklake_metadata') IS NOT NULL")
    return bool(found and found[0][0])


def _bring_forward(lake: Lake, shared: _Instance, schema: Schema, wait_seconds: float) -> None:
    """Looked at once by a process: to look takes as long as a transaction."""
    if shared.is_current:
        return
    cursor = _cursor(shared.connection)
    try:
        if not schema.is_current(cursor):
            with _locked(lake, shared.connection, None, wait_seconds):
                cursor.execute("BEGIN")
                # Another process may have done it meanwhile.
                if not schema.is_current(cursor):
                    schema.migrate(cursor)
                    for table in _PARTITIONED:
                        cursor.execute(f"ALTER TABLE {table} SET PARTITIONED BY (institution)")
                cursor.execute("COMMIT")
        shared.is_current = True
    finally:
        cursor.close()


@contextmanager
def _locked(
    lake: Lake, shared: duckdb.DuckDBPyConnection, institutions: Collection[str] | None, wait_seconds: float
) -> Iterator[None]:
    with _closing(shared.cursor()) as cursor:
        cursor.execute("BEGIN")
        _ask(cursor, f"SELECT set_config('lock_timeout', '{round(wait_seconds * 1000)}', true)")
        try:
            if institutions is None:
                _ask(cursor, f"SELECT pg_advisory_xact_lock({_WHOLE}, 0)::text")
            else:
                # Always in this order, so that two never wait for each other.
                _ask(cursor, f"SELECT pg_advisory_xact_lock_shared({_WHOLE}, 0)::text")
                names = ", ".join(f"'{_quoted(name)}'" for name in institutions)
                _ask(
                    cursor,
                    f"SELECT pg_advisory_xact_lock({_INSTITUTION}, key)::text FROM "
                    "(SELECT DISTINCT hashtext(name) AS key "
                    f"FROM unnest(ARRAY[{names}]) AS name ORDER BY 1) AS keys",
                )
        except duckdb.Error as error:
            if "lock timeout" not in str(error):
                raise
            raise WarehouseBusyError(
                f"{lake}: {_holders(shared)} holds the warehouse; wait for it to end or stop it, "
                "then run again"
            ) from error
        yield
        # The locks are the transaction's; they are gone, too, where its server is.
        with suppress(duckdb.Error):
            cursor.execute("COMMIT")


@contextmanager
def _closing(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Close a connection in the end, having taken back by name what it did not commit.

    Left to DuckDB, taking it back from a server that went away would end the process.
    """
    try:
        yield connection
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.close()


def _holders(shared: duckdb.DuckDBPyConnection) -> str:
    rows = _ask(
        shared.cursor(),
        "SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
        f"WHERE locktype = 'advisory' AND granted AND classid IN ({_WHOLE}, {_INSTITUTION}) ORDER BY 1",
    )
    return ", ".join(str(name) for (name,) in rows) or "another process"


def _ask(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(f"FROM postgres_query('locks', '{_quoted(sql)}')").fetchall()


def _with_extensions() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    for name in ("ducklake", "postgres_scanner"):
        load_extension(connection, name)
    # Commits of many workers follow each other closely; each tries for about half a minute.
    connection.execute("SET GLOBAL ducklake_max_retry_count = 25")
    connection.execute("SET GLOBAL ducklake_retry_backoff = 1.2")
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, lake: Lake, options: str) -> None:
    try:
        lake.data_path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"{lake.data_path}: cannot be created ({error.strerror})") from error
    connection.execute(
        f"ATTACH '{_quoted(str(lake))}' AS warehouse (DATA_PATH '{_quoted(str(lake.data_path))}'{options})"
    )


def _attached(lake: Lake, options: str = "") -> duckdb.DuckDBPyConnection:
    connection = _with_extensions()
    _attach(connection, lake, options)
    _use(connection)
    return connection


def _cursor(shared: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    cursor = shared.cursor()
    _use(cursor)
    return cursor


def _use(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("USE warehouse")
    connection.execute("SET TimeZone = 'UTC'")


def _who() -> str:
    return f"pantau@{re.sub(r'[^A-Za-z0-9.-]', '-', socket.gethostname())}:{os.getpid()}"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
