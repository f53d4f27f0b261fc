"""One writer, one transaction; who must wait is told for whom."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse.connection import SCHEMA_FOLDER, execute, migrate, reading, writing
from warehouse.errors import WarehouseBusyError, WarehouseError

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOLDER = """
import sys, time, pathlib, datetime
from warehouse.connection import writing
with writing(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def held(path: Path, seconds: float) -> Iterator[int]:
    """Another process that has the warehouse open for writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_new_warehouse_has_the_schema_and_is_migrated_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "warehouse.duckdb"
    for _ in range(2):
        with writing(path, NOON) as connection:
            schemas = {
                r[0] for r in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()
            }
            assert {"raw", "core", "score", "mart", "ops"} <= schemas
            done = connection.execute("SELECT number, name FROM ops.migration ORDER BY ALL").fetchall()
            assert done[0] == (1, "0001_initial")
            assert done == [(int(p.stem[:4]), p.stem) for p in sorted(SCHEMA_FOLDER.glob("*.sql"))]


def test_an_error_rolls_everything_back(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with writing(path, NOON):
        pass
    with pytest.raises(RuntimeError), writing(path, NOON) as connection:
        connection.execute("INSERT INTO ops.load (entry_id) VALUES ('x')")
        raise RuntimeError
    with writing(path, NOON) as connection:
        assert connection.execute("SELECT count(*) FROM ops.load").fetchone() == (0,)


def test_who_waits_too_long_is_told_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with (
        held(path, 60) as pid,
        pytest.raises(WarehouseBusyError, match=rf"process {pid} .* holds the warehouse"),
        writing(path, NOON, wait_seconds=0.3),
    ):
        pass


def test_who_waits_long_enough_gets_in(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    started = time.monotonic()
    with held(path, 1), writing(path, NOON, wait_seconds=30) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert time.monotonic() - started > 0.5


def test_a_file_that_is_no_warehouse_is_named(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_text("this is a letter, not a database" * 1000)
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb"), writing(path, NOON):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with (
        pytest.raises(WarehouseError, match="taken: cannot be created"),
        writing(tmp_path / "taken" / "w", NOON),
    ):
        pass


def test_a_warehouse_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with writing(path, NOON) as connection:
        connection.execute("INSERT INTO ops.migration VALUES (9999, 'later', now())")
    with pytest.raises(WarehouseError, match="schema 9999"), writing(path, NOON):
        pass


def test_reading_before_anything_is_published_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseError, match="run pantau run or pantau publish"),
        reading(tmp_path / "x.duckdb"),
    ):
        pass


def test_only_the_named_parameters_are_bound(tmp_path: Path) -> None:
    with writing(tmp_path / "w.duckdb", NOON) as connection:
        migrate(connection, NOON)
        assert execute(connection, "SELECT $a", {"a": 1, "surplus": 2}).fetchone() == (1,)
