"""Many institutions scored at once: seconds a day, and the ratio to one institution at a time.

    python -m benchmarks.score_many [INSTITUTIONS] [DAYS]

The evidence is made up, of the size that institutions have: `many_institutions.sql`. A day is all of
`warehouse.score.score`: models and probes in SQL, judgement, the day before, attribution, alerts and writing.
Judgement (findings, levels, index) is timed by itself, too. CPU seconds stand beside, as cores may be shared.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from transforms.index import aggregates
from transforms.instrument import load_instrument
from transforms.scoring import judge, levels
from warehouse.connection import execute, writing
from warehouse.score import ScoreResult, score

FIRST = datetime(2026, 3, 1, 1, tzinfo=UTC)
EVIDENCE = Path(__file__).with_name("many_institutions.sql")
ALONE = 4
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
def timed(what: str) -> Iterator[Callable[[], float]]:
    """Print what a block takes; the value gives its seconds of CPU afterwards."""
    begun, used = time.perf_counter(), time.process_time()
    taken = [0.0]
    yield lambda: taken[0]
    taken[0] = time.process_time() - used
    print(f"{what}: {time.perf_counter() - begun:.2f} s, CPU {taken[0]:.2f} s", flush=True)


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
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with tempfile.TemporaryDirectory() as folder:
        path, alone = Path(folder) / "warehouse.duckdb", Path(folder) / "alone.duckdb"
        with (
            timed(f"making evidence of {institutions} institutions, {days} days"),
            writing(path, FIRST) as to,
        ):
            build(to, institutions, days)
        shutil.copy(path, alone)
        together = 0.0
        for day in range(days):
            as_of = FIRST + timedelta(days=day)
            with timed(f"day {day + 1}, {institutions} institutions together") as taken:
                results = score(path, as_of=as_of, now=as_of)
            together += taken()
            mean = sum(float(r.current.index.provisional) for r in results) / len(results)
            moved = sum(bool(r.changes) for r in results)
            print(f"  mean index {mean:.4f}, {moved} institutions moved", flush=True)
        judge_all(results, as_of)
        with timed(f"day 1, {ALONE} institutions one at a time") as taken:
            for n in range(ALONE):
                score(alone, as_of=FIRST, now=FIRST, institutions=(f"kota-{n:04}",))
        ratio = (taken() / ALONE) / (together / days / institutions)
        print(f"an institution alone takes {ratio:.0f} times the CPU it takes among {institutions}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
