"""A long uptime history: how fast marts answer, how long a publication takes beside a plain copy of the file.

    python -m benchmarks.warehouse_queries [MILLIONS_OF_CHECKS] [SERVICES] [MEGABYTES_TO_PUBLISH]

Checks are made up: one each five minutes, of which now and then one fails or cannot tell, with every column
filled that a real one fills. The history is rolled up as `pantau maintain` does it, but monthly, then
published. Every query of the officers' guide, every mart and some parts of service levels are asked of the
copy, warm, ROUNDS times, each fetched into arrays; the slowest also as Python objects. Then a warehouse of
about as many megabytes as asked (0: none) is published and copied in turns, each with fsync: with nothing
counted, and right after loads that counted ahead, as `pantau load` does: the first, after another hour of
checks, after another day, loaded hour by hour. What counting ahead took of those loads is told by itself.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from tests import page_fixture
from tests.guide import GUIDE, queries
from transforms.instrument import load_instrument
from warehouse.connection import append, execute, reading, writing
from warehouse.count_ahead import count_ahead
from warehouse.maintain import compact
from warehouse.operations import write_down
from warehouse.publish import publish
from warehouse.rollup import roll_up, roll_up_in

NOW = page_fixture.NOW
CHECKS = Path(__file__).with_name("uptime_history.sql")
A_DAY = 288
ROUNDS = 7
GOAL_MS = 300
NOTHING = "with nothing counted"
# What officers ask of service levels; the made-up services are called panjang-0 and so on.
PARTS = {
    "one month of one service, by day": "FROM mart.sla_layanan_harian "
    "WHERE layanan = 'panjang-7' AND tanggal BETWEEN DATE '2026-10-01' AND DATE '2026-10-31'",
    "the worst services of each perangkat daerah in a month": "FROM mart.sla_layanan_bulanan "
    "WHERE bulan = DATE '2026-10-01' "
    "QUALIFY row_number() OVER (PARTITION BY perangkat_daerah ORDER BY ketersediaan_persen, layanan) <= 3",
    "the last 30 days of all services": "FROM mart.sla_layanan_harian WHERE tanggal > DATE '2026-10-25'",
    "one perangkat daerah, all months": "FROM mart.sla_perangkat_daerah WHERE perangkat_daerah = 'opd-7'",
}


def main(millions: float, services: int, megabytes: float) -> None:
    """Build, measure, print."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        warehouse, copy = Path(folder) / "w.duckdb", Path(folder) / "pantau.duckdb"
        days = round(millions * 1e6 / services / A_DAY)
        load = os.getloadavg()[0]
        _say(f"{millions:g} million checks: {services} services over {days} days; load {load:.1f}")
        page_fixture.fill(warehouse, load_instrument("spbe-2020"))
        with _timed("checks made, and rolled up each month"):
            _fill(warehouse, services, days, as_parsed=False, is_rolled_up=True)
        _say(f"  warehouse: {_mb(warehouse):.0f} MB")
        with _timed("made compact"):
            compact(warehouse, now=NOW)
        _say(f"  warehouse: {_mb(warehouse):.0f} MB")
        with _timed("published"):
            publish(warehouse, copy, now=NOW)
        _say(f"  copy: {_mb(copy):.1f} MB")
        _ask(copy)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        if megabytes:
            _against_a_copy(Path(folder), services, megabytes)


def _fill(warehouse: Path, services: int, days: int, *, as_parsed: bool, is_rolled_up: bool = False) -> None:
    """Checks of the `days` days before NOW, month by month: memory is not endless; also `as_parsed` (raw)."""
    statements = [one for one in CHECKS.read_text(encoding="utf-8").split(";\n") if one.strip()]
    done = 0
    with writing(warehouse, NOW) as connection:
        early = NOW - timedelta(days=days + 1)
        execute(connection, "UPDATE core.institution SET valid_from = $early", {"early": early})
        while done < days:
            part = min(30, days - done)
            parameters = {
                "institution": page_fixture.INSTITUTION,
                "services": services,
                "start": NOW - timedelta(days=days - done),
                "checks": part * A_DAY,
            }
            for statement in statements if as_parsed else statements[:-1]:
                execute(connection, statement, parameters)
            done += part
            now = NOW - timedelta(days=days - done)
            if is_rolled_up:
                roll_up_in(connection, page_fixture.INSTITUTION, now)
                connection.execute("COMMIT")
                connection.execute("CHECKPOINT warehouse")
                connection.execute("BEGIN")


def _ask(copy: Path) -> None:
    asked: dict[str, str] = {query.title: query.sql for query in queries(GUIDE.read_text(encoding="utf-8"))}
    with reading(copy) as connection:
        views = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart' ORDER BY view_name"
        ).fetchall()
        asked |= {f"mart.{view}": f"FROM mart.{view}" for (view,) in views} | PARTS
        took: dict[str, list[float]] = {}
        busy: dict[str, float] = {}
        for name, sql in asked.items():
            connection.execute(sql).fetchnumpy()
            cpu = _cpu()
            took[name] = [_asked(connection, sql) for _ in range(ROUNDS)]
            busy[name] = 1000 * (_cpu() - cpu) / ROUNDS
        worst = sorted(took, key=lambda name: -statistics.median(took[name]))
        objects = {name: _as_objects(connection, asked[name]) for name in worst[:5]}
    medians = [statistics.median(took[name]) for name in took]
    _say(
        f"  {len(took)} queries, {ROUNDS} times each, warm: median {statistics.median(medians):.0f} ms, "
        f"slowest median {max(medians):.0f} ms, slowest single {max(map(max, took.values())):.0f} ms; "
        f"goal {GOAL_MS} ms"
    )
    for name in [*worst[:5], *PARTS]:
        spread = f"(worst {max(took[name]):.0f}, CPU {busy[name]:.0f})"
        as_objects = f"; as Python objects {objects[name]:.0f} ms" if name in objects else ""
        _say(f"    {statistics.median(took[name]):7.0f} ms {spread}  {name}{as_objects}")


def _against_a_copy(folder: Path, services: int, megabytes: float) -> None:
    warehouse, copy = folder / "w.duckdb", folder / "pantau.duckdb"
    page_fixture.fill(warehouse, load_instrument("spbe-2020"))
    # As it is in use: the last days one by one, what is older rolled up and the checks still there.
    days = 20
    _fill(warehouse, services, days, as_parsed=True)
    days = max(20, min(99, round(20 * megabytes / _mb(warehouse))))
    services = round(services * max(1.0, megabytes / _mb(warehouse) * 20 / days))
    warehouse.unlink()
    page_fixture.fill(warehouse, load_instrument("spbe-2020"))
    _fill(warehouse, services, days, as_parsed=True)
    roll_up(warehouse, page_fixture.INSTITUTION, now=NOW - timedelta(days=6))
    compact(warehouse, now=NOW)
    _say(f"publication: warehouse of {_mb(warehouse):.0f} MB, {services} services over {days} days")
    counted = copy.with_name(f".{copy.name}.counted")
    cases = (NOTHING, "the first", "after an hour", "after a day")
    ratios: dict[str, list[float]] = {what: [] for what in cases}
    now = NOW
    for _ in range(ROUNDS):
        for what, hours in zip(ratios, (0, 0, 1, 24), strict=True):
            if not hours:
                counted.unlink(missing_ok=True)
            ahead: list[float] = []
            cpu_ahead = 0.0
            for _ in range(0 if what == NOTHING else max(hours, 1)):
                if hours:
                    _load_more(warehouse, services, now, 12)
                    now += timedelta(hours=1)
                cpu = _cpu()
                ahead.append(_milliseconds(partial(_count_ahead, warehouse, copy, now)))
                cpu_ahead += _cpu() - cpu
            plain = _milliseconds(lambda: _copied(warehouse, folder / "plain"))
            cpu = _cpu()
            ours = _milliseconds(partial(publish, warehouse, copy, now=now))
            ratios[what].append(ours / plain)
            _say(
                f"  copy with fsync {plain:6.0f} ms, publish {what} {ours:6.0f} ms "
                f"(CPU {1000 * (_cpu() - cpu):.0f} ms), ratio {ratios[what][-1]:.2f}; "
                + (
                    f"counted ahead by {len(ahead)} loads: {sum(ahead):.0f} ms "
                    f"(CPU {1000 * cpu_ahead:.0f} ms), "
                    f"median {statistics.median(ahead):.1f} ms, worst {max(ahead):.0f} ms"
                    if ahead
                    else "nothing counted ahead"
                )
            )
    for what, seen in ratios.items():
        _say(f"  ratio of {what}: median {statistics.median(seen):.2f}, worst {max(seen):.2f}; goal 2")
    _say(f"  copy {_mb(copy):.1f} MB, what was counted {_mb(counted):.1f} MB")


def _count_ahead(warehouse: Path, copy: Path, now: datetime) -> None:
    """As a load does that brought checks."""
    count_ahead(warehouse, copy, now=now, institutions={page_fixture.INSTITUTION})


def _load_more(warehouse: Path, services: int, start: datetime, checks: int) -> None:
    """Checks of the time after `start`, written as loading does it: an operation for each five minutes."""
    statements = [one for one in CHECKS.read_text(encoding="utf-8").split(";\n") if one.strip()]
    institution = page_fixture.INSTITUTION
    with writing(warehouse, start + timedelta(minutes=5 * checks)) as connection:
        parameters = {"institution": institution, "services": services, "start": start, "checks": checks}
        for statement in statements:
            execute(connection, statement, parameters)
        for number in range(checks):
            # As uptime_history.sql says.
            loaded_at = start + timedelta(seconds=300 * number + 60)
            entry = {"entry_id": f"made {loaded_at}", "outcome": "loaded", "rows_loaded": services}
            append(
                connection,
                "ops.load",
                [entry],
                institution=institution,
                source="layanan",
                loaded_at=loaded_at,
            )
            done = {"entry": entry["entry_id"], "source": "layanan", "line": number + 1}
            write_down(connection, institution, "load", loaded_at, done)


def _asked(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    return _milliseconds(lambda: connection.execute(sql).fetchnumpy())


def _as_objects(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    return _milliseconds(lambda: connection.execute(sql).fetchall())


def _copied(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def _milliseconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start, cpu = time.perf_counter(), _cpu()
    yield
    _say(f"  {what}: {time.perf_counter() - start:.1f} s (CPU {_cpu() - cpu:.1f} s)")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _mb(path: Path) -> float:
    return path.stat().st_size / 1e6


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:]]
    main(
        *(
            given[0] if given else 30,
            int(given[1]) if len(given) > 1 else 300,
            given[2] if len(given) > 2 else 1000,
        )
    )
