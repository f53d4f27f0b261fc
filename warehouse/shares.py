"""A long range of dates shared out: each share is scored by a process of its own, on a copy of the warehouse.

The copies are made while the warehouse is held, so that all shares see the same facts; then it is let go for
as long as they are scored. What came of them is taken over in transactions of TAKEN_AT_ONCE dates. What
others load meanwhile counts for later scores only: an operation that was written down after it says so
(`after`, see `warehouse.operations.in_order`). That holds because nobody else scores meanwhile, and nobody
puts another file in place of the warehouse.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb

from transforms.ruleset import load_ruleset
from warehouse.connection import Home, append, execute, holding, statement, writing
from warehouse.errors import WarehouseError
from warehouse.lake import Lake
from warehouse.locks import only_one
from warehouse.score_rows import QUERIES, use_ruleset, write_ruleset

DATES_WORTH_A_PROCESS = 31
"""Beginning anew costs a process what a handful of dates do, and taking over their rows a little of each."""
DATES_AT_ONCE = 31
"""So many dates are scored in a transaction, for which the warehouse is held."""
TAKEN_AT_ONCE = 124
"""So many are taken over in one: some seconds for 640 institutions. One more costs what 15 dates do."""

_PROGRAM = "from warehouse.share_process import serve; serve()"


@dataclass(frozen=True)
class Order:
    """What a process is to do: copy the warehouse, and score `dates` there as if those before were scored.

    `before` are the dates of the range before them. `threads` and `memory` (bytes) are for its DuckDB.
    """

    warehouse: Path
    copy: Path
    before: tuple[datetime, ...]
    dates: tuple[datetime, ...]
    now: datetime
    institutions: tuple[str, ...] | None
    threads: int
    memory: int


def scoring_alone(warehouse: Home) -> AbstractContextManager[None]:
    """Nobody else scores meanwhile. Raises as `only_one` does. In a lake many may."""
    if isinstance(warehouse, Lake):
        return nullcontext()
    return _alone(warehouse)


@contextmanager
def _alone(warehouse: Path) -> Iterator[None]:
    with only_one(warehouse.with_name(f"{warehouse.name}.scores"), "scoring"):
        # What a run left that was killed, now that nobody else scores.
        shutil.rmtree(_folder(warehouse), ignore_errors=True)
        yield


def _folder(warehouse: Path) -> Path:
    return warehouse.with_name(f".{warehouse.name}.shares")


def shares_of(warehouse: Path, dates: Sequence[datetime]) -> list[Sequence[datetime]]:
    """Dates as consecutive shares of about one size, as many as cores, dates and disk allow.

    None where this process may as well score them.
    """
    if not warehouse.exists() or not sys.executable:
        return []
    free = shutil.disk_usage(warehouse.parent).free // (2 * max(warehouse.stat().st_size, 1))
    count = min(_cores(), len(dates) // DATES_WORTH_A_PROCESS, free)
    if count < 2:
        return []
    ends = [len(dates) * number // count for number in range(count + 1)]
    return [dates[begin:end] for begin, end in pairwise(ends)]


def score_shares(
    warehouse: Path,
    shares: Sequence[Sequence[datetime]],
    now: datetime,
    institutions: Collection[str] | None,
) -> None:
    """Score shares of history, each by a process, and take their scores over; all of them, or none.

    Raises what scoring raises there, and WarehouseError where a process dies.
    """
    folder = _folder(warehouse)
    with only_one(warehouse, "scoring a long range of days", wait_seconds=0):
        folder.mkdir()
        try:
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 // len(shares)
            orders = [
                Order(
                    warehouse,
                    folder / f"share-{number}.duckdb",
                    tuple(date for share in shares[:number] for date in share),
                    tuple(dates),
                    now,
                    None if institutions is None else tuple(institutions),
                    max(1, _cores() // len(shares)),
                    memory,
                )
                for number, dates in enumerate(shares)
            ]
            taking = _Taking(_score(warehouse, orders, now))
            for order in orders:
                for first in range(0, len(order.dates), TAKEN_AT_ONCE):
                    with writing(warehouse, now) as connection:
                        taking.take(connection, order, order.dates[first : first + TAKEN_AT_ONCE])
                order.copy.unlink()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _score(warehouse: Path, orders: Sequence[Order], now: datetime) -> dict[str, int]:
    """Have all orders done; returns the number of each institution's last operation that they know of."""
    processes: list[_Process] = []
    with ThreadPoolExecutor(len(orders), thread_name_prefix="share") as pool:
        try:
            for order in orders:
                processes.append(_Process(order))
            for process in processes:
                process.hear()
            with holding(warehouse, now) as connection:
                for process in processes:
                    process.go_on()
                for process in processes:
                    process.hear()
                last = _last_operations(connection)
            scored = [pool.submit(process.hear) for process in processes]
            wait(scored, return_when=FIRST_EXCEPTION)
            for one in scored:
                if one.done():
                    one.result()
        finally:
            for process in processes:
                process.end()
    return last


class _Process:
    """Another process with its order. It ends when this one does."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._say(pickle.dumps(order))

    def hear(self) -> None:
        """Wait until it says that it is ready, has its copy, or has scored. Raises what it failed of."""
        assert self._process.stdout is not None
        try:
            said = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            dates = f"{self._order.dates[0]:%Y-%m-%d} to {self._order.dates[-1]:%Y-%m-%d}"
            raise WarehouseError(
                f"{self._order.warehouse}: the process that scores {dates} ended by itself "
                f"with code {self._process.wait()} (-9: killed, as for lack of memory); nothing was taken "
                "over, run again"
            ) from None
        if isinstance(said, Exception):
            raise said

    def go_on(self) -> None:
        """Let it take its copy."""
        self._say(b"\n")

    def end(self) -> None:
        """End it, if it still runs."""
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()

    def _say(self, what: bytes) -> None:
        assert self._process.stdin is not None
        # Where it is gone, that is told when it should be heard.
        with suppress(BrokenPipeError):
            self._process.stdin.write(what)
            self._process.stdin.flush()


def _last_operations(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(
        connection.execute("SELECT institution, max(seq) FROM ops.operation GROUP BY institution").fetchall()
    )


class _Taking:
    """Taking over what shares wrote, in order of dates.

    `last` numbers the last operation of each institution that is either known to the shares or taken over.
    """

    def __init__(self, last: dict[str, int]) -> None:
        self._last = last
        self._after: dict[str, int] = {}

    def take(self, connection: duckdb.DuckDBPyConnection, order: Order, dates: Sequence[datetime]) -> None:
        """Take over what came of dates of a share, in the transaction that is open."""
        quoted = str(order.copy).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS share (READ_ONLY)")
        self._look(connection, order)
        _take_rules(connection, order.now)
        execute(
            connection,
            f"CREATE TEMP TABLE taken AS {statement(QUERIES / 'taken_scores.sql')}",
            {"until": dates[-1]},
        )
        by_score = _tables_with(connection, "score_id")
        for table in by_score:
            connection.execute(
                f"INSERT INTO {table} BY NAME FROM share.{table} SEMI JOIN taken USING (score_id)"
            )
        # Sets that many scores name are there once, whichever named them first.
        for table in _tables_with(connection, "set_id"):
            if table not in by_score:
                connection.execute(
                    f"INSERT INTO {table} BY NAME FROM share.{table} SEMI JOIN (FROM share.score.level "
                    "SEMI JOIN taken USING (score_id)) AS named USING (set_id) "
                    f"ANTI JOIN {table} AS here USING (set_id)"
                )
        execute(
            connection,
            f"INSERT INTO ops.operation BY NAME {statement(QUERIES / 'taken_operations.sql')}",
            {"dates": [date.isoformat() for date in dates]},
        )
        self._last = _last_operations(connection)

    def _look(self, connection: duckdb.DuckDBPyConnection, order: Order) -> None:
        """Note after which operation others went on, of which the shares do not know."""
        for name, seq in _last_operations(connection).items():
            if seq > self._last.get(name, -1):
                self._after.setdefault(name, self._last.get(name, -1))
        connection.execute("CREATE TEMP TABLE unseen (institution VARCHAR, after INTEGER)")
        append(
            connection,
            "unseen",
            [{"institution": name, "after": after} for name, after in self._after.items()],
        )
        scored = connection.execute(
            "SELECT institution FROM ops.operation JOIN unseen USING (institution) WHERE seq > after "
            "AND kind IN ('score', 'rescore') AND done_at <> $now",
            {"now": order.now},
        ).fetchone()
        if scored:
            raise WarehouseError(
                f"{order.warehouse}: {scored[0]} was scored by another process meanwhile, an older Pantau's; "
                "run again when it is done"
            )


def _tables_with(connection: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    """Tables of scores that have such a column; views follow from them."""
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_columns() "
        "SEMI JOIN (FROM duckdb_tables() WHERE database_name = 'share') USING (table_oid, database_name) "
        "WHERE column_name = $column AND schema_name IN ('score', 'ops') ORDER BY ALL",
        {"column": column},
    ).fetchall()
    return [table for (table,) in rows]


def _take_rules(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Note as in use what rules a share was the first to use."""
    used = connection.execute(
        "SELECT DISTINCT instrument FROM share.score.ruleset_use WHERE used_from = $now ORDER BY ALL",
        {"now": now},
    ).fetchall()
    for (instrument,) in used:
        ruleset = load_ruleset(instrument)
        write_ruleset(connection, ruleset)
        use_ruleset(connection, ruleset, now)
