"""Many institutions scored at once: a day by itself, its forecast, one institution, a year of days in a run.

    python -m benchmarks.score_many [INSTITUTIONS] [DAYS]

The evidence is made up, of the size that institutions have: `many_institutions.sql`. A day is all of
`warehouse.score.score`: models and probes in SQL, judgement, the day before, attribution, alerts and writing.
Judgement (findings, levels, index) is timed by itself, too, and so is the forecast that `pantau score` makes
after it: both scenarios, with reading what begins later and writing. CPU seconds stand beside, as cores may
be shared; those of processes that score a share count, too.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from transforms.index import aggregates
from transforms.instrument import load_instrument
from transforms.levels import levels
from transforms.scoring import judge
from warehouse.connection import execute, writing
from warehouse.forecast import forecast_scored
from warehouse.score import ScoreResult, score

FIRST = datetime(2026, 3, 1, 1, tzinfo=UTC)
EVIDENCE = Path(__file__).with_name("many_institutions.sql")
TITLES = (
    "Arsitektur Sistem Pemerintahan Berbasis Elektronik",
    "Peta Rencana Sistem Pemerintahan Berbasis Elektronik",
    "Penyelenggaraan Satu Data Indonesia",
    "Pembangunan dan Pengembangan Aplikasi",
    "Pengelolaan Pusat Data",
    "Jaringan Intra Pemerintah",
    "Sistem Penghubung Layanan Pemerintah",
    "Sistem Manajemen Keamanan Informasi",
    "Audit Teknologi Informasi dan Komunikasi",
    "Tim Koordinasi Sistem Pemerintahan Berbasis Elektronik",
    "Penyelenggaraan Sistem Pemerintahan Berbasis Elektronik",
    "Rencana Induk Teknologi Informasi dan Komunikasi",
)


def build(connection: duckdb.DuckDBPyConnection, institutions: int, days: int) -> None:
    """Evidence of so many institutions over so many days from FIRST on."""
    norm = load_instrument("spbe-2020")
    parameters = {
        "institutions": institutions,
        "days": days,
        "first": FIRST,
        "titles": list(TITLES),
        "criteria": [c.id for _, level, c in norm.placed() if level.level > 1],
    }
    for statement in EVIDENCE.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            execute(connection, statement, parameters)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what a block takes; its processes, too."""
    begun, used = time.perf_counter(), cpu()
    yield
    spent = time.perf_counter() - begun
    print(f"{what}: {spent:.2f} s, CPU {cpu() - used:.2f} s; {load()}", flush=True)


def cpu() -> float:
    """CPU seconds of this process and of those that it had and that are over."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def judge_all(results: Sequence[ScoreResult], as_of: datetime) -> None:
    """From facts to the index again, without reading or writing: what judgement alone takes."""
    with timed(f"of a day, judging {len(results)} institutions"):
        for result in results:
            norm, known = result.ruleset.instrument, result.known
            found = judge(
                result.ruleset.rules, norm, result.ruleset.probes, known.answers, known.attestations,
                known.freshness, as_of, known.external,
            )  # fmt: skip
            aggregates(norm, levels(norm, found, known.official))


def main() -> None:
    """Measure, and print what was measured."""
    institutions = int(sys.argv[1]) if len(sys.argv) > 1 else 640
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    last = FIRST + timedelta(days=days - 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        by_day, alone, whole = (path.with_name(f"{name}.duckdb") for name in ("by-day", "alone", "whole"))
        with (
            timed(f"making evidence of {institutions} institutions, {days} days"),
            writing(path, FIRST) as to,
        ):
            build(to, institutions, days)
        for copy in (by_day, alone, whole):
            shutil.copy(path, copy)
        for day in (1, 2):
            as_of = FIRST + timedelta(days=day - 1)
            with timed(f"day {day} by itself, {institutions} institutions"):
                results = score(by_day, as_of=as_of, now=as_of)
        judge_all(results, as_of)
        # `pantau score` does that too, after all of the above.
        with timed(f"of day 2, forecasting {institutions} institutions"):
            forecast_scored(by_day, results, now=as_of)
        with timed("day 1, one institution of them"):
            score(alone, as_of=FIRST, now=FIRST, institutions=("kota-0000",))
        with timed(f"{days} days in one run"):
            score(whole, as_of=last, now=last, since=FIRST)
        print(f"size of the warehouse: {whole.stat().st_size / 2**20:.0f} MiB")
        with duckdb.connect(str(whole), read_only=True) as connection:
            counted = connection.execute(
                "SELECT count(*), count(DISTINCT change.score_id), avg(provisional) FROM score.run "
                "LEFT JOIN (SELECT DISTINCT score_id FROM score.change) AS change USING (score_id) "
                "JOIN (FROM score.aggregate WHERE scope = 'index') USING (score_id)"
            ).fetchone()
        print("scores, of them with another index than the day before, mean index:", counted)
    own, other = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory {own:.0f} MiB, of a process that scored a share {other:.0f} MiB")


def load() -> str:
    """How busy the machine is with this and other work."""
    return f"load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
