"""Opening the warehouse: one writer for one transaction, readers on the published copy.

DuckDB lets one process hold a file open for writing and then refuses every other, readers included. So a
writer opens, commits one transaction and closes; who has to wait does so politely, and is told who holds it.
Where the warehouse is a lake (`warehouse.lake`), the same calls let many write at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from warehouse.errors import (
    NewerWarehouseError,
    WarehouseBusyError,
    WarehouseConflictError,
    WarehouseError,
)
from warehouse.lake import Lake, Schema, snapshot, transaction

if TYPE_CHECKING:
    import pandas as pd

Home = Path | Lake
"""Where a warehouse is: a DuckDB file, or a DuckLake."""
Made = TypeVar("Made")

SCHEMA_FOLDER = Path(__file__).parent / "schema"
DEFAULT_WAIT_SECONDS = 60.0
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
_NO_DOWNLOADS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


_FULL = ("No space left on device", "Disk quota exceeded", "File too large", "failed to offload data block")
_NOT_WRITABLE = ("Read-only file system", "Permission denied", "Operation not permitted")
_DAMAGED = ("Corrupt database file", "not a valid DuckDB database file", "Could not read enough bytes")
_NAMED_FILE = re.compile(r'file "(?P<path>[^"]+)"')


@cache
def statement(path: Path) -> str:
    """The text of a .sql file."""
    return path.read_text(encoding="utf-8")


def execute(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Run a statement with those of `parameters` that it names (DuckDB refuses surplus ones)."""
    named = set(re.findall(r"\$([a-z_][a-z0-9_]*)", sql))
    given = {name: value for name, value in (parameters or {}).items() if name in named}
    return connection.execute(sql, given) if given else connection.execute(sql)


def frame_of(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Columns as objects, so that None stays None and dates stay dates on their way into DuckDB."""
    import pandas as pd  # half a second, and commands that only read need none

    return pd.DataFrame(columns, dtype=object)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(epoch_us: int | None) -> datetime | None:
    """A moment that was fetched as microseconds (`epoch_us`): fetching moments is slow."""
    return None if epoch_us is None else EPOCH + timedelta(microseconds=epoch_us)


def append(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]], **constants: Any
) -> None:
    """Append rows, each with the constants, to a table by column name."""
    if not rows:
        return
    append_columns(connection, table, {name: [row[name] for row in rows] for name in rows[0]}, **constants)


def append_columns(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, list[Any]], **constants: Any
) -> None:
    """Append rows given as columns, each row with the constants, to a table by column name."""
    append_frame(connection, table, quick_frame(columns), **constants)


def append_frame(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame, **constants: Any
) -> None:
    """Append the rows of a frame, each with the constants, to a table by column name."""
    connection.register("rows_to_append", rows)
    try:
        fixed = "".join(f", ${name} AS {name}" for name in constants)
        execute(
            connection,
            f"INSERT INTO {table} BY NAME SELECT rows_to_append.*{fixed} FROM rows_to_append",
            constants,
        )
    finally:
        connection.unregister("rows_to_append")


def quick_frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Columns as `frame_of` has them, but for those that DuckDB reads several times as fast otherwise.

    Moments stand as such, and decimals as texts, which it reads as well as ever it does numbers.
    """
    import pandas as pd

    found: dict[str, Any] = {}
    for name, values in columns.items():
        kinds = set(map(type, values)) - {type(None)}
        if kinds == {Decimal}:
            texts = [None if value is None else f"{value:f}" for value in values]
            found[name] = pd.Series(texts, dtype=object)
        elif kinds == {datetime} and all(value is None or value.tzinfo is not None for value in values):
            found[name] = pd.array(values, dtype="datetime64[us, UTC]")
        else:
            found[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(found)


def exists(warehouse: Home) -> bool:
    """Whether there is a warehouse; of a lake only opening it tells."""
    return isinstance(warehouse, Lake) or warehouse.exists()


def scratch_folder(warehouse: Home) -> Path:
    """A folder of this machine for what only waits to be written."""
    return warehouse.folder if isinstance(warehouse, Lake) else warehouse.parent


def storage_problem(path: Home, error: Exception) -> str | None:
    """What is wrong with disk or file, and what to do; None when the error is about something else."""
    text = str(error)
    named = _NAMED_FILE.search(text)
    where = named["path"] if named else str(path)
    if any(words in text for words in _FULL):
        return (
            f"{where}: the disk is full; nothing of this step was kept, what was there before is unharmed. "
            "Free space, then run again"
        )
    for words in _NOT_WRITABLE:
        if words in text:
            return f"{where}: cannot be written ({words}); make its folder writable, then run again"
    if isinstance(path, Lake):
        return None
    if "replaying WAL" in text or "Corrupt WAL" in text:
        return (
            f"{path}.wal: is damaged; move it away, then run pantau load and pantau score: what it held is "
            "taken from the archive again"
        )
    if any(words in text for words in _DAMAGED):
        return (
            f"{path}: is damaged, or no DuckDB file; move it (and {path.name}.wal) away, then run pantau "
            "rebuild: the archive holds what it was made of"
        )
    return None


@contextmanager
def storage_errors(path: Home) -> Iterator[None]:
    """What DuckDB says of a full disk, an unwritable folder or a damaged file becomes WarehouseError."""
    try:
        yield
    except duckdb.Error as error:
        said = storage_problem(path, error)
        if said is None:
            raise
        raise WarehouseError(said) from error


@contextmanager
def writing(
    warehouse: Home,
    now: datetime,
    wait_seconds: float | None = None,
    *,
    institutions: Collection[str] | None = None,
    has_own_instance: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """One transaction on the warehouse, at the newest schema; committed on leaving, else rolled back.

    In a lake, one that names the `institutions` whose rows it writes runs beside those of others; see
    `warehouse.lake.transaction`, also for `has_own_instance`. Raises WarehouseBusyError naming the holder
    when the warehouse stays locked for `wait_seconds`, and WarehouseError when it cannot be opened at all.
    """
    if isinstance(warehouse, Lake):
        schema = _schema(now, str(warehouse))
        with (
            storage_errors(warehouse),
            transaction(
                warehouse, schema, institutions, wait_seconds, has_own_instance=has_own_instance
            ) as connection,
        ):
            yield connection
        return
    connection = _attach(warehouse, DEFAULT_WAIT_SECONDS if wait_seconds is None else wait_seconds)
    try:
        with storage_errors(warehouse):
            connection.execute("BEGIN")
            migrate(connection, now, str(warehouse))
            yield connection
            connection.execute("COMMIT")
    finally:
        connection.close()


@contextmanager
def holding(
    warehouse: Path, now: datetime, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse file at the newest schema, all of it in that one file, held for any number of transactions.

    Raises as `writing` does.
    """
    connection = _attach(warehouse, wait_seconds)
    try:
        with storage_errors(warehouse):
            connection.execute("BEGIN")
            migrate(connection, now, str(warehouse))
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
            yield connection
    finally:
        connection.close()


def transact(
    warehouse: Home,
    now: datetime,
    work: Callable[[duckdb.DuckDBPyConnection], Made],
    *,
    institutions: Collection[str] | None = None,
    has_own_instance: bool = False,
) -> Made:
    """Do `work` in one transaction, as `writing` has it; where others' changes conflict, once more alone.

    What `work` does outside the warehouse must bear being done twice.
    """
    try:
        with writing(
            warehouse, now, institutions=institutions, has_own_instance=has_own_instance
        ) as connection:
            return work(connection)
    except WarehouseConflictError:
        with writing(warehouse, now, has_own_instance=has_own_instance) as connection:
            return work(connection)


@contextmanager
def copying(
    warehouse: Home, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse itself, read-only, as the attached database `warehouse`: for publishing only.

    Writers wait while a file is attached, not for a lake. Raises as `writing` does, and WarehouseError when
    there is none yet.
    """
    if isinstance(warehouse, Lake):
        with storage_errors(warehouse), snapshot(warehouse) as connection:
            yield connection
        return
    connection = _attach(warehouse, wait_seconds, read_only=True)
    try:
        with storage_errors(warehouse):
            yield connection
    finally:
        connection.close()


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to a published copy.

    Raises WarehouseError when there is none yet.
    """
    if not path.exists():
        raise WarehouseError(f"{path}: nothing is published yet; run pantau run or pantau publish")
    try:
        connection = duckdb.connect(str(path), read_only=True, config=dict(_NO_DOWNLOADS))
    except duckdb.Error as error:
        raise WarehouseError(
            f"{path}: is not a readable published copy ({error}); run pantau publish"
        ) from error
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def migrate(connection: duckdb.DuckDBPyConnection, now: datetime, where: str = "the warehouse") -> None:
    """Bring the schema forward by the numbered files of `schema/` that have not run yet.

    Raises NewerWarehouseError, saying `where`, when a newer Pantau has been at it; nothing is changed then.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS ops")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS ops.migration (number INTEGER, name VARCHAR, applied_at TIMESTAMPTZ)"
    )
    for number, path in _lacking(connection, where):
        connection.execute(statement(path))
        connection.execute(
            "INSERT INTO ops.migration VALUES ($number, $name, $now)",
            {"number": number, "name": path.stem, "now": now},
        )


def require_current_schema(connection: duckdb.DuckDBPyConnection, warehouse: Home) -> None:
    """Raises WarehouseError when the attached warehouse is not of this program's schema."""
    known = {int(path.name[:4]) for path in SCHEMA_FOLDER.glob("*.sql")}
    tables = connection.execute(
        "SELECT count(*) FROM duckdb_tables() "
        "WHERE database_name = 'warehouse' AND schema_name = 'ops' AND table_name = 'migration'"
    ).fetchone()
    has_any = bool(tables and tables[0])
    done = (
        {number for (number,) in connection.execute("SELECT number FROM ops.migration").fetchall()}
        if has_any
        else set()
    )
    if done != known:
        raise WarehouseError(
            f"{warehouse}: has schema {max(done, default=0)}, this Pantau {max(known)}; "
            + ("use a newer Pantau" if done - known else "run pantau load first")
        )


def _lacking(connection: duckdb.DuckDBPyConnection, where: str) -> list[tuple[int, Path]]:
    done = {row[0] for row in connection.execute("SELECT number FROM ops.migration").fetchall()}
    known = {int(path.name[:4]): path for path in sorted(SCHEMA_FOLDER.glob("*.sql"))}
    if newer := done - known.keys():
        raise NewerWarehouseError(
            f"{where}: has schema {max(newer)}, this Pantau knows up to {max(known)}; use a newer Pantau"
        )
    return [(number, path) for number, path in known.items() if number not in done]


def _schema(now: datetime, where: str) -> Schema:
    def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
        known = connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_catalog() "
            "AND schema_name = 'ops' AND table_name = 'migration'"
        ).fetchone()
        return bool(known and known[0]) and not _lacking(connection, where)

    return Schema(is_current, lambda connection: migrate(connection, now, where))


def _attach(path: Path, wait_seconds: float, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    if read_only and not path.exists():
        raise WarehouseError(f"{path}: there is no warehouse yet; run pantau collect and pantau load first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"{path.parent}: cannot be created ({error.strerror})") from error
    mode = " (READ_ONLY)" if read_only else ""
    deadline = time.monotonic() + wait_seconds
    while True:
        connection = duckdb.connect(config=dict(_NO_DOWNLOADS))
        try:
            quoted = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS warehouse{mode}")
        except duckdb.IOException as error:
            connection.close()
            holder = _HOLDER.search(str(error))
            if holder is None:
                said = storage_problem(path, error) or f"{path}: cannot be opened ({error})"
                raise WarehouseError(said) from error
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(
                    f"{path}: process {holder['pid']} ({holder['program']}) holds the warehouse; "
                    "wait for it to end or stop it, then run again"
                ) from error
            time.sleep(0.1)
            continue
        except duckdb.Error as error:
            connection.close()
            raise WarehouseError(
                f"{path}: is not a DuckDB file ({error}); move it away, then run pantau rebuild"
            ) from error
        connection.execute("USE warehouse")
        connection.execute("SET TimeZone = 'UTC'")
        return connection
