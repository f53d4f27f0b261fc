"""Where a batch waits for the gate's verdict: in memory while it is small, in a DuckDB file of its own else.

Nothing of it is in the warehouse before all of it has been judged; then one transaction takes it over.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, get_args, get_type_hints

import duckdb
import pandas as pd

from collectors.evidence import RECORD_TYPES, Record, Reject, Table
from warehouse.connection import frame_of
from warehouse.records import keys_of, rows_of

IN_MEMORY_ROWS = 20_000
# While rows are parsed and judged little is left for DuckDB; once they are staged there is more.
_STAGING_LIMIT = "64MB"
_WRITING_LIMIT = "128MB"
_PREFIX = ".staging-"
_LOCK = "lock"
_TYPES = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    date: "DATE",
    datetime: "TIMESTAMPTZ",
}
_Relation = Literal["batch", "held", "rejected"]
_RELATIONS: tuple[_Relation, ...] = ("batch", "held", "rejected")


class Staging:
    """The rows of one batch: those let in, the keys of those held back, and everything refused.

    A large batch takes a folder beside the warehouse, which is removed at the end; one that a killed process
    left behind is removed by the next that needs one.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._columns: dict[_Relation, str] = {
            "held": "key VARCHAR",
            "rejected": "place VARCHAR, reason VARCHAR, raw VARCHAR",
        }
        self._frames: dict[_Relation, list[pd.DataFrame]] = {}
        self._rows = 0
        self._folder: Path | None = None
        self._lock: IO[str] | None = None
        self._file: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def keep(self, table: Table, good: Sequence[Record], held: Sequence[Record]) -> None:
        """Rows for `table` that the gate let in, and those it held back."""
        rows = rows_of(table, good)
        rows["ordinal"] = range(self._rows, self._rows + len(rows))
        self._columns["batch"] = _columns(table, rows)
        self._add("batch", rows)
        self._add("held", keys_of(table, held))

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """What goes to quarantine."""
        columns: Mapping[str, list[str]] = {
            "place": [one.where for one in rejects],
            "reason": [one.reason for one in rejects],
            "raw": [one.raw for one in rejects],
        }
        self._add("rejected", frame_of(columns))

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
        self._rows = 0
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def is_large(self) -> bool:
        """Whether the rows are in a file: who is shown them attaches it, and gets limits."""
        return self._folder is not None

    @contextmanager
    def shown_to(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let the connection see the relations `batch`, `held` and `rejected`.

        Where they are large, its memory is limited: what does not fit goes to disk.
        """
        if self._file is None:
            for relation in self._columns:
                connection.execute(f"CREATE TEMP TABLE {relation} ({self._columns[relation]})")
                _insert(connection, f"temp.{relation}", self._frames.get(relation, []))
            yield
            for relation in self._columns:
                connection.execute(f"DROP TABLE temp.{relation}")
            return
        self._file.close()
        connection.execute(f"SET memory_limit = '{_WRITING_LIMIT}'")
        connection.execute(f"SET temp_directory = '{_quoted(self._folder)}'")
        connection.execute("SET preserve_insertion_order = false")
        # Each thread holds buffers of its own.
        connection.execute("SET threads = 1")
        connection.execute(f"ATTACH '{_quoted(self._path())}' AS staging (READ_ONLY)")
        for relation in self._columns:
            connection.execute(f"CREATE TEMP VIEW {relation} AS FROM staging.{relation}")
        yield

    def _add(self, relation: _Relation, frame: pd.DataFrame) -> None:
        if len(frame) == 0:
            return
        self._rows += len(frame)
        self._frames.setdefault(relation, []).append(frame)
        if self._file is None and self._rows > IN_MEMORY_ROWS:
            self._open_file()
        if self._file is not None:
            for name in self._columns:
                self._file.execute(f"CREATE TABLE IF NOT EXISTS {name} ({self._columns[name]})")
                _insert(self._file, name, self._frames.pop(name, []))

    def _open_file(self) -> None:
        self._place.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._place)
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._place))
        self._lock = (self._folder / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._file = duckdb.connect(
            str(self._path()), config={"memory_limit": _STAGING_LIMIT, "temp_directory": str(self._folder)}
        )
        self._file.execute("SET TimeZone = 'UTC'")

    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / "batch.duckdb"


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frames: Sequence[pd.DataFrame]) -> None:
    for frame in frames:
        connection.register("frame_to_stage", frame)
        try:
            connection.execute(f"INSERT INTO {table} BY NAME FROM frame_to_stage")
        finally:
            connection.unregister("frame_to_stage")


def _columns(table: Table, rows: pd.DataFrame) -> str:
    """Declared, not guessed from the rows: a column may be empty in one part and not in the next."""
    hints = get_type_hints(RECORD_TYPES[table])
    kinds = {
        name: next(kind for kind in (*get_args(hint), hint) if kind in _TYPES) for name, hint in hints.items()
    }
    return ", ".join(
        f"{name} {_TYPES[kinds.get(name, int if name == 'ordinal' else str)]}" for name in rows.columns
    )


def _remove_abandoned(place: Path) -> None:
    """Remove the folders whose owner is dead: it held their lock as long as it lived."""
    for folder in place.glob(f"{_PREFIX}*"):
        lock = folder / _LOCK
        # Without a lock it is only just being made.
        if not lock.exists():
            continue
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _quoted(path: Path | None) -> str:
    return str(path).replace("'", "''")
