"""Publishing: what the copy holds, and that readers never see half of one."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from tests import page_fixture
from tests.page_fixture import NOW, SECRET_RAW
from transforms.instrument import load_instrument
from warehouse.connection import append, reading, writing
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

READER = """
import sys, pathlib
from warehouse.connection import reading
with reading(pathlib.Path(sys.argv[1])) as connection:
    for _ in sys.stdin:
        print(connection.execute("SELECT count(*) FROM ops.load").fetchone()[0], flush=True)
"""
WRITER = """
import sys, time, pathlib, datetime
from warehouse.connection import writing
with writing(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
# Begins once the copy is being made, and says whether it was still being made when it got in.
LATE_WRITER = """
import sys, time, pathlib, datetime
from warehouse.connection import writing
warehouse, beside = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
print("ready", flush=True)
while not beside.exists():
    time.sleep(0.001)
with writing(warehouse, datetime.datetime.now(datetime.UTC)):
    print(beside.exists(), flush=True)
"""
KILLED_WRITER = """
import sys, os, signal, pathlib, datetime
from warehouse.connection import writing
with writing(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)) as connection:
    connection.execute("INSERT INTO ops.load (entry_id) VALUES ('sebelum mati')")
    connection.execute("COMMIT")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse that is only migrated."""
    path = tmp_path / "warehouse.duckdb"
    with writing(path, NOW):
        pass
    return path


@contextmanager
def process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def add_load(warehouse: Path, entry: str) -> None:
    with writing(warehouse, NOW) as connection:
        append(connection, "ops.load", [{"entry_id": entry}])


def loads(copy: Path) -> int:
    with reading(copy) as connection:
        row = connection.execute("SELECT count(*) FROM ops.load").fetchone()
    assert row is not None
    return int(row[0])


def beside(target: Path) -> list[str]:
    """What lies beside the copy, but for its lock, what was counted for it, and when more is due."""
    left = {path.name for path in target.parent.iterdir() if path != target}
    return sorted(left - {f".{target.name}.{kind}" for kind in ("lock", "counted", "due")})


def test_the_copy_holds_no_parsed_rows_and_nothing_that_was_refused(tmp_path: Path) -> None:
    warehouse, target = tmp_path / "warehouse.duckdb", tmp_path / "out" / "pantau.duckdb"
    page_fixture.fill(warehouse, load_instrument("spbe-2020"))
    with writing(warehouse, NOW) as connection:
        held = connection.execute(
            "SELECT (SELECT count(*) FROM raw.regulation), min(raw) FROM ops.quarantine"
        )
        assert held.fetchone() == (1, SECRET_RAW)
    result = publish(warehouse, target, now=NOW)
    with reading(target) as copy:
        tables = copy.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        assert {schema for schema, _ in tables} == {"core", "score", "ops"}
        assert {f"{schema}.{table}" for schema, table in tables} == set(result.rows)
        for schema, table in tables:
            everything = copy.execute(f"FROM {schema}.{table}")
            assert "raw" not in [column[0] for column in everything.description]
            assert SECRET_RAW not in str(everything.fetchall())
    assert result.rows["ops.quarantine"] == 3
    assert result.rows["score.level"] == 47 * page_fixture.DAYS
    assert result.size == target.stat().st_size
    assert beside(target) == []


def test_of_uptime_checks_only_the_last_and_those_that_are_cited_are_published(
    warehouse: Path, tmp_path: Path
) -> None:
    ages = {"lama": 200, "dikutip": 100, "terbaca": 2, "terakhir": 1}
    with writing(warehouse, NOW) as connection:
        append(
            connection,
            "core.uptime_check",
            [
                {
                    "checked_at": NOW - timedelta(days=age),
                    "capture_id": name,
                    "is_compromised": False if name in ("terbaca", "lama") else None,
                }
                for name, age in ages.items()
            ],
            institution="kota-a",
            service_id="portal",
            source="layanan",
        )
        append(
            connection, "score.run", [{"score_id": "s", "as_of": NOW, "scored_at": NOW}], institution="kota-a"
        )
        append(
            connection,
            "score.finding_set",
            [{"set_id": str(UUID(int=1)), "evidence_ids": ["dikutip"]}],
            institution="kota-a",
        )
        append(
            connection,
            "score.level",
            [{"score_id": "s", "set_id": str(UUID(int=1))}],
            institution="kota-a",
        )
    target = tmp_path / "pantau.duckdb"
    publish(warehouse, target, now=NOW)
    with reading(target) as copy:
        kept = copy.execute("SELECT capture_id FROM core.uptime_check ORDER BY checked_at").fetchall()
    assert [name for (name,) in kept] == ["dikutip", "terbaca", "terakhir"]


def test_a_reader_keeps_the_old_copy_while_a_new_one_is_swapped_in(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "pantau.duckdb"
    add_load(warehouse, "pertama")
    publish(warehouse, target, now=NOW)
    with process(READER, str(target)) as reader:
        assert reader.stdin is not None and reader.stdout is not None

        def ask() -> str:
            reader.stdin.write("?\n")  # type: ignore[union-attr]
            reader.stdin.flush()  # type: ignore[union-attr]
            return reader.stdout.readline().strip()  # type: ignore[union-attr]

        assert ask() == "1"
        add_load(warehouse, "kedua")
        old = target.read_bytes()
        with target.open("rb") as opened:
            publish(warehouse, target, now=NOW)
            assert opened.read() == old
        assert ask() == "1"
        assert loads(target) == 2


def test_a_failure_leaves_the_old_copy_and_no_litter(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "pantau.duckdb"
    add_load(warehouse, "pertama")
    publish(warehouse, target, now=NOW)
    with writing(warehouse, NOW) as connection:
        connection.execute("ALTER TABLE core.target DROP COLUMN target")
    with pytest.raises(duckdb.BinderException, match="target"):
        publish(warehouse, target, now=NOW)
    assert beside(target) == []
    assert loads(target) == 1


def test_what_a_killed_publication_left_is_cleared_away(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "pantau.duckdb"
    target.parent.mkdir()
    for name in (".pantau.duckdb.new", ".pantau.duckdb.new.wal", ".pantau.duckdb.counted.new"):
        (target.parent / name).write_bytes(b"half a copy")
    publish(warehouse, target, now=NOW)
    assert beside(target) == []
    assert loads(target) == 0


def test_what_a_killed_writer_committed_is_published(warehouse: Path, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(warehouse)], check=False)
    assert killed.returncode == -9
    publish(warehouse, tmp_path / "pantau.duckdb", now=NOW)
    assert loads(tmp_path / "pantau.duckdb") == 1


def test_publishing_waits_for_a_writer(warehouse: Path, tmp_path: Path) -> None:
    with process(WRITER, str(warehouse), "0.7") as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "held\n"
        began = time.monotonic()
        publish(warehouse, tmp_path / "pantau.duckdb", now=NOW, wait_seconds=20)
        assert time.monotonic() - began > 0.3


def test_a_writer_gets_in_while_service_levels_are_counted(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "pantau.duckdb"
    with writing(warehouse, NOW) as connection:
        valid = {"institution": "kota-uji", "valid_from": NOW - timedelta(days=99), "valid_to": None}
        append(connection, "core.institution", [{"time_zone": "Asia/Jakarta"}], **valid)
        append(connection, "core.service", [{"service_id": "portal", "agency": "dinas"}], **valid)
        connection.execute(
            "INSERT INTO core.uptime_check (institution, service_id, source, checked_at, is_up, total_ms) "
            "SELECT 'kota-uji', 'portal', 'layanan', $now::TIMESTAMPTZ - to_seconds(20 * n), n % 7 != 0, n % 900 "
            "FROM range(300000) AS made (n)",
            {"now": NOW},
        )
    with process(LATE_WRITER, str(warehouse), str(target.with_name(f".{target.name}.new"))) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        result = publish(warehouse, target, now=NOW)
        assert writer.stdout.readline() == "True\n"
    assert result.rows["core.service_now"] == 1
    assert result.rows["core.service_sla"] > 69
    assert beside(target) == []


def test_a_writer_that_stays_is_named(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "pantau.duckdb"
    with process(WRITER, str(warehouse), "30") as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "held\n"
        with pytest.raises(WarehouseBusyError, match=f"process {writer.pid} "):
            publish(warehouse, target, now=NOW, wait_seconds=0.2)
    assert beside(target) == []


def test_two_publications_do_not_get_in_each_others_way(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "pantau.duckdb"
    add_load(warehouse, "pertama")
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            publish(warehouse, target, now=NOW, wait_seconds=20)
        except BaseException as error:  # noqa: BLE001 - whatever it is fails the test below
            errors.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert loads(target) == 1


def test_another_publication_that_stays_is_named(warehouse: Path, tmp_path: Path) -> None:
    with (tmp_path / ".pantau.duckdb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711 is publishing")
        lock.flush()
        with pytest.raises(WarehouseBusyError, match="process 4711 is publishing"):
            publish(warehouse, tmp_path / "pantau.duckdb", now=NOW, wait_seconds=0.2)


def test_without_a_warehouse_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="run pantau collect"):
        publish(tmp_path / "none.duckdb", tmp_path / "pantau.duckdb", now=NOW)
    assert not (tmp_path / "none.duckdb").exists()


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("INSERT INTO ops.migration VALUES (9999, 'dari masa depan', NULL)", "use a newer Pantau"),
        ("DELETE FROM ops.migration", "run pantau load"),
    ],
)
def test_a_warehouse_of_another_schema_is_not_published(
    warehouse: Path, tmp_path: Path, change: str, advice: str
) -> None:
    connection = duckdb.connect(str(warehouse))
    connection.execute(change)
    connection.close()
    with pytest.raises(WarehouseError, match=advice):
        publish(warehouse, tmp_path / "pantau.duckdb", now=NOW)
    assert not (tmp_path / "pantau.duckdb").exists()


def test_a_folder_that_cannot_be_made_is_named(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("bukan folder")
    with pytest.raises(WarehouseError, match="berkas: cannot be created"):
        publish(warehouse, tmp_path / "berkas" / "pantau.duckdb", now=NOW)
