"""Where a batch waits for the gate's verdict: in memory while it is small, in a DuckDB file of its own else.

Nothing of it is in the warehouse before all of it has been judged; then one transaction takes it over.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, get_args, get_type_hints

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from collectors.evidence import RECORD_TYPES, Record, Reject, Table, columns_of
from expectations.validate import CHUNK_ROWS, Gate, Verdict
from warehouse.connection import frame_of
from warehouse.records import key_column, rows_of

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


class Staging:
    """The rows of one batch, those of them that are held back, and everything refused.

    A large batch takes a folder beside the warehouse, which is removed at the end; one that a killed process
    left behind is removed by the next that needs one.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._table: Table | None = None
        self._columns: dict[_Relation, Mapping[str, str]] = {
            "held": {"ordinal": "BIGINT", "key": "VARCHAR", "reason": "VARCHAR"},
            "rejected": {"place": "VARCHAR", "reason": "VARCHAR", "raw": "VARCHAR"},
        }
        self._frames: dict[_Relation, list[pd.DataFrame]] = {}
        self._counts: dict[_Relation, int] = {"batch": 0, "held": 0, "rejected": 0}
        self._folder: Path | None = None
        self._lock: IO[str] | None = None
        self._file: duckdb.DuckDBPyConnection | None = None
        self._is_judged = False

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    @property
    def loaded(self) -> int:
        """How many rows are kept and not held back."""
        return self._counts["batch"] - self._counts["held"]

    def keep(self, table: Table, records: Sequence[Record]) -> None:
        """Rows for `table`."""
        rows = rows_of(table, records)
        first = self._counts["batch"]
        rows["ordinal"] = range(first, first + len(rows))
        self._table = table
        self._columns["batch"] = _types(table, tuple(rows.columns))
        self._add("batch", rows)

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """What goes to quarantine."""
        columns: Mapping[str, list[str]] = {
            "place": [one.where for one in rejects],
            "reason": [one.reason for one in rejects],
            "raw": [one.raw for one in rejects],
        }
        self._add("rejected", frame_of(columns))

    def judge(self, gate: Gate) -> Verdict:
        """What the gate says of all rows kept; those it names are held back. Once, when all are kept."""
        self._is_judged = True
        if self._file is None:
            rows = self._in_memory("batch")
            self._hold(rows, gate.judge_rows(rows, is_whole=True))
        else:
            self._file.execute("COMMIT")
            for rows in self._in_doubt(gate):
                self._hold(rows, gate.judge_rows(rows))
            gate.judge_whole(self._compared(gate))
        return gate.verdict(self._counts["batch"])

    def refuse_held(self) -> None:
        """Put the rows held back into quarantine, each with its own reasons."""
        for rows, held in self._held_rows():
            self._refuse(rows, held)

    def refuse_all(self, why: str) -> None:
        """Put every row that was kept into quarantine."""
        count = self._counts["batch"]
        for start in range(0, count, CHUNK_ROWS):
            rows = self._rows(np.arange(start, min(start + CHUNK_ROWS, count)))
            self._refuse(rows, [why] * len(rows))

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
        self._counts = dict.fromkeys(self._counts, 0)
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
                rows = self._in_memory(relation)
                if relation == "batch":
                    rows = rows[~rows["ordinal"].isin(self._in_memory("held")["ordinal"])]
                connection.execute(f"CREATE TEMP TABLE {relation} ({self._declared(relation)})")
                _insert(connection, f"temp.{relation}", rows)
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
            rest = " ANTI JOIN staging.held USING (ordinal)" if relation == "batch" else ""
            connection.execute(f"CREATE TEMP VIEW {relation} AS FROM staging.{relation}{rest}")
        yield

    def _in_doubt(self, gate: Gate) -> Iterator[pd.DataFrame]:
        """The rows that the gate must see; once none, so that an expectation that cannot judge says so."""
        assert self._file is not None
        predicate = gate.clearing(self._columns["batch"])
        where = "" if predicate is None else f"WHERE NOT coalesce({predicate}, false)"
        found = self._file.execute(f"SELECT ordinal FROM batch {where}").fetchnumpy()
        ordinals = np.asarray(found["ordinal"])
        for start in range(0, max(len(ordinals), 1), CHUNK_ROWS):
            yield self._rows(ordinals[start : start + CHUNK_ROWS])

    def _compared(self, gate: Gate) -> pd.DataFrame:
        """What expectations about the whole batch look at; where only equality counts, hashes."""
        assert self._file is not None
        columns: dict[str, Any] = {}
        for name, by_equality in gate.compared().items():
            if name not in self._columns["batch"]:
                continue
            if not by_equality:
                rows = self._file.execute(f"SELECT {name} FROM batch").fetchall()
                columns[name] = pd.Series([row[0] for row in rows], dtype=object)
                continue
            found = self._file.execute(
                f"SELECT {name} IS NULL AS is_null, (hash({name}) >> 1)::BIGINT AS value FROM batch"
            ).fetchnumpy()
            columns[name] = pd.arrays.IntegerArray(np.asarray(found["value"]), np.asarray(found["is_null"]))
        return pd.DataFrame(columns, index=range(self._counts["batch"]))

    def _hold(self, rows: pd.DataFrame, bad: Mapping[int, Sequence[str]]) -> None:
        assert self._table is not None
        key = key_column(self._table)
        held = rows.iloc[list(bad)]
        columns = {
            "ordinal": list(held["ordinal"]),
            "key": list(held[key]) if key else [None] * len(held),
            "reason": ["; ".join(why) for why in bad.values()],
        }
        self._add("held", frame_of(columns))

    def _held_rows(self) -> Iterator[tuple[pd.DataFrame, list[str]]]:
        held = _fetched(self._file.execute("FROM held")) if self._file else self._in_memory("held")
        held = held.sort_values("ordinal")
        for start in range(0, len(held), CHUNK_ROWS):
            chunk = held.iloc[start : start + CHUNK_ROWS]
            yield self._rows(chunk["ordinal"].to_numpy(dtype="int64")), list(chunk["reason"])

    def _rows(self, ordinals: npt.NDArray[np.int64]) -> pd.DataFrame:
        """Rows of the batch as they were kept, in their order."""
        if self._file is None:
            return self._in_memory("batch").iloc[ordinals]
        wanted = pd.DataFrame({"ordinal": ordinals})
        self._file.register("wanted", wanted)
        try:
            return _fetched(
                self._file.execute("FROM batch SEMI JOIN wanted USING (ordinal) ORDER BY ordinal")
            )
        finally:
            self._file.unregister("wanted")

    def _refuse(self, rows: pd.DataFrame, reasons: Sequence[str]) -> None:
        assert self._table is not None
        shown = rows[list(columns_of(self._table))]
        self.refuse(
            [
                Reject(f"baris {row['position']}", why, json.dumps(row, default=str, ensure_ascii=False))
                for row, why in zip(shown.to_dict("records"), reasons, strict=True)
            ]
        )

    def _in_memory(self, relation: _Relation) -> pd.DataFrame:
        frames = self._frames.get(relation, [])
        if not frames:
            return frame_of({name: [] for name in self._columns[relation]})
        if len(frames) > 1:
            frames[:] = [pd.concat(frames, ignore_index=True)]
        return frames[0]

    def _add(self, relation: _Relation, frame: pd.DataFrame) -> None:
        if len(frame) == 0:
            return
        self._counts[relation] += len(frame)
        self._frames.setdefault(relation, []).append(frame)
        if self._file is None and not self._is_judged and sum(self._counts.values()) > IN_MEMORY_ROWS:
            self._open_file()
        if self._file is not None:
            for name in self._columns:
                self._file.execute(f"CREATE TABLE IF NOT EXISTS {name} ({self._declared(name)})")
                for waiting in self._frames.pop(name, []):
                    _insert(self._file, name, waiting)

    def _open_file(self) -> None:
        self._place.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._place)
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._place))
        self._lock = (self._folder / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Rows come from Python, one thread at a time: a second would only wait for it.
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _STAGING_LIMIT,
            "temp_directory": str(self._folder),
            "threads": 1,
        }
        self._file = duckdb.connect(str(self._path()), config=limits)
        self._file.execute("SET TimeZone = 'UTC'")
        # What is read twice and thrown away is not worth compressing, nor writing to a log first.
        self._file.execute("SET force_compression = 'uncompressed'")
        self._file.execute("BEGIN")

    def _declared(self, relation: _Relation) -> str:
        return ", ".join(f"{name} {kind}" for name, kind in self._columns[relation].items())

    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / "batch.duckdb"


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    """Append rows whose columns are in the table's order.

    Not by a registered name: as long as a transaction lasts, it holds every frame that had one.
    """
    if len(frame):
        connection.from_df(frame).insert_into(table)


def _fetched(found: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rows with the objects that they were made of, as `frame_of` has them."""
    names = [column[0] for column in found.description or ()]
    rows = found.fetchall()
    return frame_of({name: [row[at] for row in rows] for at, name in enumerate(names)})


@cache
def _types(table: Table, names: tuple[str, ...]) -> Mapping[str, str]:
    """Declared, not guessed from the rows: a column may be empty in one part and not in the next."""
    hints = get_type_hints(RECORD_TYPES[table])
    kinds = {
        name: next(kind for kind in (*get_args(hint), hint) if kind in _TYPES) for name, hint in hints.items()
    }
    return {name: _TYPES[kinds.get(name, int if name == "ordinal" else str)] for name in names}


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
