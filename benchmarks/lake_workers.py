"""One file against a lake with 1, 2 and 4 workers: seconds, CPU, files, bytes; what compacting makes of them.

    python -m benchmarks.lake_workers [INSTITUTIONS] [DAYS]

Starts a PostgreSQL of its own (Debian's package). The institutions are those of `tests.many_institutions`, a
listing, a batch of checks or a failed run each; every worker is a process, and validates as it does in use.
The last part fills a lake by SQL with a day's uptime checks, 288 batches of 20 services, and weighs a row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.places import Places
from tests import postgres
from tests.many_institutions import START, feed, write_configs
from warehouse.compact_lake import compact
from warehouse.connection import writing
from warehouse.lake import Lake

SERVICES, BATCHES = 20, 288


def timed(commands: list[list[str]]) -> str:
    """Run commands at once; seconds and CPU of all."""
    begun, before = time.perf_counter(), os.times()
    started = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    assert all(process.wait() == 0 for process in started)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{time.perf_counter() - begun:.1f} s, CPU {used:.1f} s"


def workers(configs: Path, data: Path, number: int, day: int) -> list[list[str]]:
    """The commands of so many workers."""
    module = [sys.executable, "-m", "tests.many_institutions"]
    return [[*module, str(configs), str(data), str(n), str(number), str(day)] for n in range(1, number + 1)]


def lake_at(folder: Path, catalog: str) -> Places:
    """A data folder with a lake."""
    folder.mkdir(parents=True)
    (folder / "pantau.yml").write_text(f"warehouse: {catalog}\ndata_path: lake\n", encoding="utf-8")
    return Places(folder)


def weigh(lake: Lake) -> str:
    """Parquet files and their bytes, and the bytes of the catalog."""
    with writing(lake, START) as connection:
        size = connection.execute(
            "FROM postgres_query('locks', 'SELECT pg_database_size(current_database())')"
        ).fetchone()
    files = list(lake.data_path.rglob("*.parquet"))
    held = sum(file.stat().st_size for file in files)
    return f"{len(files)} files, {held} bytes; catalog {size[0] if size else 0} bytes"


def compacted(lake: Lake) -> str:
    """Compact all there is; how long it took, and what is left."""
    begun = time.perf_counter()
    done = compact(lake, now=datetime.now(UTC) + timedelta(minutes=1), keep=timedelta(0))
    took = time.perf_counter() - begun
    return f"compacted in {took:.1f} s, {done.rows_moved} rows moved: {weigh(lake)}"


_CHECKS = """
    INSERT INTO {table}.uptime_check BY NAME
    SELECT
        $name AS institution, 'layanan' AS source, 'layanan-' || s AS service_id,
        'https://layanan-' || s || '.go.id' AS url, $first + b * INTERVAL 5 MINUTE AS checked_at,
        true AS is_up, 200 AS status, random() * 20 AS dns_ms, random() * 50 AS connect_ms,
        random() * 50 AS tls_ms, random() * 300 AS first_byte_ms, random() * 400 AS total_ms, 1 AS attempts,
        true AS is_https, true AS tls_ok, 'urn:uuid:' || md5($name || $first || b) AS capture_id,
        $first AS loaded_at
    FROM range($services) AS t(s), range($batches) AS u(b)
"""


def checks_of_a_day(lake: Lake, institutions: int) -> None:
    """A day of uptime checks of so many institutions, a transaction for every two hours of one."""
    batches = 24
    for number in range(institutions):
        name = f"kota-{number:03}"
        for part in range(0, BATCHES, batches):
            first = START + part * timedelta(minutes=5)
            values = {"name": name, "first": first, "services": SERVICES, "batches": batches}
            with writing(lake, START, institutions=(name,)) as connection:
                for table in ("raw", "core"):
                    connection.execute(_CHECKS.format(table=table), values)


def main() -> None:
    """Measure, and print what was measured."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    os.environ["PGPASSWORD"] = postgres.PASSWORD
    with tempfile.TemporaryDirectory() as name, postgres.running() as server:
        folder = Path(name)
        configs = folder / "configs"
        write_configs(configs, range(number))
        print(f"{number} institutions, load average {os.getloadavg()[0]:.0f}", flush=True)
        for kind in (0, 1, 2, 4):
            data = folder / str(kind)
            places = lake_at(data, server.create(f"banyak{kind}")) if kind else Places(data)
            for day in range(days):
                feed(places.archive, range(number), [day])
                what = f"{kind} workers on a lake" if kind else "one process on a file"
                took = timed(workers(configs, data, kind or 1, day))
                print(f"{what}, day {day + 1}: {took}", flush=True)
            if isinstance(places.home, Lake):
                print(f"  {weigh(places.home)}", flush=True)
        home = places.home
        assert isinstance(home, Lake)
        print(f"  {compacted(home)}", flush=True)
        checks = lake_at(folder / "checks", server.create("cek")).home
        assert isinstance(checks, Lake)
        begun = time.perf_counter()
        checks_of_a_day(checks, 4)
        rows = 4 * SERVICES * BATCHES
        print(
            f"{rows} uptime checks by SQL, raw and core: {time.perf_counter() - begun:.1f} s; {weigh(checks)}"
        )
        print(f"  {compacted(checks)}", flush=True)


if __name__ == "__main__":
    main()
