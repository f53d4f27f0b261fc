"""A process that scores its share of a range of dates, on a copy of the warehouse (`warehouse.shares`)."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sys
import threading
from typing import IO

from warehouse.connection import holding, storage_problem
from warehouse.errors import WarehouseError
from warehouse.score import ScoreError, score_dates
from warehouse.score_date import Run
from warehouse.score_rows import rows_of
from warehouse.shares import DATES_AT_ONCE, Order


def serve() -> None:
    """Do the order on standard input. Standard output is told of each step: None, or what it failed of."""
    # Who waits for this process also ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever else writes to standard output, DuckDB's progress for one, must not come between.
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    order: Order = pickle.load(orders)
    try:
        _say(None, answers)
        if not orders.readline():
            return
        threading.Thread(target=_end_with, args=(orders.fileno(),), daemon=True).start()
        _copy(order)
        _say(None, answers)
        _score(order)
    except (ScoreError, WarehouseError) as error:
        _say(error, answers)
    else:
        _say(None, answers)


def _say(what: Exception | None, answers: IO[bytes]) -> None:
    pickle.dump(what, answers)
    answers.flush()


def _end_with(orders: int) -> None:
    """End this process with the one that gives orders, however that ends."""
    # Not by the file object: its lock would be held when this process ends by itself.
    os.read(orders, 1)
    os._exit(1)


def _copy(order: Order) -> None:
    try:
        shutil.copyfile(order.warehouse, order.copy)
    except OSError as error:
        raise WarehouseError(storage_problem(order.copy, error) or f"{order.copy}: {error}") from error


def _score(order: Order) -> None:
    run = Run()
    with holding(order.copy, order.now) as connection:
        folder = str(order.copy.parent).replace("'", "''")
        connection.execute(f"SET temp_directory = '{folder}'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET threads = {order.threads}")
        connection.execute(f"SET memory_limit = '{order.memory // 2**20}MiB'")
        connection.execute("BEGIN")
        # Each institution as it was last known before: what the first dates are compared with.
        for row in rows_of(connection, "last_known", {"dates": list(order.before)}):
            names = set(row["institutions"])
            if order.institutions is not None:
                names &= set(order.institutions)
            score_dates(connection, run, [row["as_of"]], order.now, sorted(names), last=None)
        connection.execute("CREATE TABLE stood_score AS SELECT DISTINCT score_id FROM score.run")
        connection.execute(
            "CREATE TABLE stood_operation AS "
            "SELECT institution, max(seq) AS seq FROM ops.operation GROUP BY institution"
        )
        connection.execute("COMMIT")
        for first in range(0, len(order.dates), DATES_AT_ONCE):
            connection.execute("BEGIN")
            together = order.dates[first : first + DATES_AT_ONCE]
            score_dates(connection, run, together, order.now, order.institutions, last=None)
            connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
