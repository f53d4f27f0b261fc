"""What batches of uptime checks take on a lake with 1, 2 and 4 processes at once, and on a file.

    python -m benchmarks.lake_workers [BATCHES]

Starts a PostgreSQL of its own (Debian's package). A batch is what five minutes of an institution with 20
services put into the warehouse in one transaction: 20 checks in raw and in core, and a row each of what is
noted beside them. Parsing and validating are left out: they scale with processes by themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.places import Places
from tests import postgres
from tests.many_institutions import START
from warehouse.compact_lake import compact
from warehouse.connection import Home, execute, writing
from warehouse.lake import Lake
from warehouse.operations import write_down

SERVICES = 20
CHECKS = """
    INSERT INTO {table}.uptime_check BY NAME
    SELECT
        $name AS institution, 'layanan' AS source, 'layanan-' || s AS service_id,
        'https://layanan-' || s || '.go.id' AS url, $at AS checked_at, true AS is_up, 200 AS status,
        random() * 20 AS dns_ms, random() * 50 AS connect_ms, random() * 50 AS tls_ms,
        random() * 300 AS first_byte_ms, random() * 400 AS total_ms, 1 AS attempts, true AS is_https,
        true AS tls_ok, $entry AS capture_id, $at AS loaded_at
    FROM range($services) AS t(s)
"""
BESIDE = (
    "INSERT INTO core.capture BY NAME SELECT $name AS institution, 'layanan' AS source, $entry AS entry_id, "
    "$entry AS capture_id, $at AS captured_at, $entry AS digest",
    "INSERT INTO core.observation BY NAME SELECT $name AS institution, 'layanan' AS source, "
    "$entry AS entry_id, $at AS observed_at, true AS is_ok",
    "INSERT INTO ops.load BY NAME SELECT $name AS institution, 'layanan' AS source, $entry AS entry_id, "
    "'loaded' AS outcome, $at AS loaded_at",
)


def commit_batches(home: Home, worker: int, batches: int) -> None:
    """The batches of one worker, of four institutions in turn."""
    for number in range(batches):
        name = f"kota-{worker:02}-{number % 4}"
        at = START + number // 4 * timedelta(minutes=5)
        values = {"name": name, "at": at, "entry": f"{name}/{number:064}", "services": SERVICES}
        with writing(home, START, institutions=(name,)) as connection:
            for table in ("raw", "core"):
                execute(connection, CHECKS.format(table=table), values)
            for statement in BESIDE:
                execute(connection, statement, values)
            write_down(connection, name, "load", at, {"entry": values["entry"]})


def timed(data: Path, workers: int, batches: int) -> str:
    """Seconds and CPU of so many workers at once, the starting of processes included."""
    commands = [
        [sys.executable, "-m", "benchmarks.lake_workers", str(data), str(n), str(batches // workers)]
        for n in range(workers)
    ]
    begun, before = time.perf_counter(), os.times()
    started = [subprocess.Popen(command) for command in commands]
    codes = [process.wait() for process in started]
    assert not any(codes)
    after, took = os.times(), time.perf_counter() - begun
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{took:.1f} s, CPU {used:.1f} s, {took / batches * 1000:.0f} ms a batch"


def weigh(lake: Lake) -> str:
    """Parquet files and their bytes, and the bytes of the catalog."""
    with writing(lake, START) as connection:
        size = connection.execute(
            "FROM postgres_query('locks', 'SELECT pg_database_size(current_database())')"
        ).fetchone()
    files = list(lake.data_path.rglob("*.parquet"))
    held = sum(file.stat().st_size for file in files)
    return f"{len(files)} files, {held} bytes; catalog {size[0] if size else 0} bytes"


def made_ready(folder: Path, catalog: str | None) -> Home:
    """The warehouse of a data folder, with its schema."""
    folder.mkdir(parents=True)
    if catalog:
        (folder / "pantau.yml").write_text(f"warehouse: {catalog}\ndata_path: lake\n", encoding="utf-8")
    home = Places(folder).home
    with writing(home, START):
        pass
    return home


def measure(batches: int) -> None:
    """Measure, and print what was measured."""
    os.environ["PGPASSWORD"] = postgres.PASSWORD
    with tempfile.TemporaryDirectory() as name, postgres.running() as server:
        print(f"{batches} batches, load average {os.getloadavg()[0]:.0f}", flush=True)
        made_ready(Path(name) / "file", None)
        print(f"a file, 1 process: {timed(Path(name) / 'file', 1, batches)}", flush=True)
        for workers in (1, 2, 4):
            folder = Path(name) / str(workers)
            home = made_ready(folder, server.create(f"banyak{workers}"))
            assert isinstance(home, Lake)
            if workers == 1:
                print(f"an empty lake: {weigh(home)}", flush=True)
            print(
                f"a lake, {workers} processes: {timed(folder, workers, batches)}; {weigh(home)}", flush=True
            )
            begun = time.perf_counter()
            done = compact(home, now=datetime.now(UTC) + timedelta(minutes=1), keep=timedelta(0))
            took = time.perf_counter() - begun
            print(f"  compacted in {took:.1f} s, {done.rows_moved} rows moved: {weigh(home)}", flush=True)


def main(words: Sequence[str]) -> None:
    """Measure; or, with three words, be one of the workers measured."""
    if len(words) == 3:
        commit_batches(Places(Path(words[0])).home, int(words[1]), int(words[2]))
    else:
        measure(int(words[0]) if words else 400)


if __name__ == "__main__":
    main(sys.argv[1:])
