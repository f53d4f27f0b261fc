"""Kill the line again and again, and compare what it ends with to a run that nobody disturbed.

`python -m tests.kill_loop 200` (or `make kill-loop`) runs collect, load, score, publish and notify as processes
of their own over a few days of the made-up city. Each is killed (SIGKILL) after a random delay or at a chosen
point (a file appears or grows), several times, before it may run to its end. After every kill what had been
committed must still be there. In the end every table of the warehouse, the copy, the page, the archive and the
alerts must be those of the undisturbed run, to the last row and time.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import duckdb

from collectors.archive import Archive
from collectors.evidence import Capture
from collectors.institution import JOURNAL_SOURCE
from collectors.ledger import LEDGER, Entry
from flows.places import Places
from tests.line import MORNING, Line, demo_line

STAGES = {"collect": 4, "load": 6, "score": 3, "publish": 3, "notify": 4}
"""In order, each with its share of twenty kills: those that write oftener are killed oftener."""
_CHOSEN_SHARE = 0.5
DAYS = 2
_POLL_SECONDS = 0.0002
_PATIENCE_SECONDS = 300.0
_MOST_ATTEMPTS = 6
"""Some stages end before they are killed; that is not counted."""


class KillLoopError(Exception):
    """Something was lost, doubled or left unreadable; the message says what."""


@dataclass
class Tally:
    """What the loop did and found."""

    kills: Counter[str] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    ended_first: int = 0
    left: Counter[str] = field(default_factory=Counter)
    killed_runs_kept: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    repeated_alerts: int = 0
    alerts: int = 0


Point = Callable[[Places], object]
"""What is looked at: the moment it is no longer what it was when the stage began, the stage is killed."""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _wal(places: Places) -> Path:
    return places.warehouse.with_name(f"{places.warehouse.name}.wal")


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def _archived(pattern: str) -> Point:
    return lambda places: [_size(path) for path in places.archive.glob(f"*/*/{pattern}")]


_TRANSACTION: Mapping[str, Point] = {
    "the transaction is written to the WAL": lambda places: _size(_wal(places)) > 0,
    "the WAL is moved into the file": lambda places: _stamp(places.warehouse),
}
POINTS: Mapping[str, Mapping[str, Point]] = {
    "collect": {
        "a record is written": _archived("*.warc.gz"),
        "a ledger line is written": _archived(LEDGER),
    },
    "load": _TRANSACTION,
    "score": _TRANSACTION,
    "publish": {
        "the copy is built": lambda places: (
            places.published.parent / f".{places.published.name}.new"
        ).exists(),
        "the copy was swapped in": lambda places: _stamp(places.published),
        "the page is written": lambda places: any(places.published.parent.glob(".*.html.new")),
    },
    "notify": {
        "the alerts are written": lambda places: _size(places.messages),
        **_TRANSACTION,
    },
}


def main(kills: int, seed: int | None = None) -> None:
    """Run the loop and print what it found. Raises KillLoopError at the first thing that is wrong."""
    seed = seed if seed is not None else random.SystemRandom().randrange(10**6)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kill-loop-"))
    try:
        tally = kill_loop(folder, kills, seed, say=lambda text: _print(f"  {text}"))
    except KillLoopError:
        _print(f"seed {seed}; what it found is kept in {folder}")
        raise
    shutil.rmtree(folder)
    _print(shown(tally, seed, time.monotonic() - started))


def kill_loop(
    folder: Path, kills: int, seed: int, days: int = DAYS, say: Callable[[str], None] = lambda _: None
) -> Tally:
    """The loop: so many kills, spread over the stages and the days."""
    chance, tally = random.Random(seed), Tally()
    with demo_line(folder) as (city, plain):
        config = plain.config
        disturbed, whole, apart = (Places(folder / name) for name in ("disturbed", "whole", "apart"))
        for places in (disturbed, whole, apart):
            places.root.mkdir()
        seen, due = _Seen(), Fraction(0)
        for day in range(1, days + 1):
            city.day = min(day, 3)
            now = MORNING + timedelta(days=day - 1, hours=2)
            for stage, weight in STAGES.items():
                _share(disturbed, whole)
                # What nobody disturbs comes first: it shows how long the stage takes.
                needed = _to_the_end(stage, config, apart if stage == "collect" else whole, now)
                before, due = due, due + Fraction(kills * weight, days * sum(STAGES.values()))
                share = int(due) - int(before)
                _kill(stage, config, disturbed, now, share, needed, chance, tally, seen)
                _to_the_end(stage, config, disturbed, now)
                seen.check(disturbed)
                if stage == "collect":
                    tally.killed_runs_kept += _compare_archives(disturbed, apart, now)
                say(f"day {day}, {stage}: {tally.kills.total()} kills, nothing committed was lost")
            _compare(disturbed, whole, tally)
    return tally


def _share(disturbed: Places, whole: Places) -> None:
    """Both load what was collected; each has a journal of its own, as a stage may be called more often here."""
    for collected in disturbed.archive.glob("*/*"):
        link = whole.archive / collected.relative_to(disturbed.archive)
        if collected.name != JOURNAL_SOURCE and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(collected.resolve())


def shown(tally: Tally, seed: int, seconds: float) -> str:
    """The tally in words."""
    lines = [
        f"{tally.kills.total()} kills in {seconds:.0f} s (seed {seed}): "
        + ", ".join(f"{stage} {tally.kills[stage]}" for stage in STAGES),
        f"  at a chosen point: {tally.chosen.total()}",
        *(f"    {point}: {count}" for point, count in sorted(tally.chosen.items())),
        f"  stage had ended before the kill (not counted): {tally.ended_first}",
        "  left behind by kills, and dealt with by the next run:",
        *(f"    {what}: {count}" for what, count in sorted(tally.left.items())),
        f"  documents of stopped collections, kept as failed runs: {tally.killed_runs_kept} runs",
        "  compared with the undisturbed run, row for row: "
        + ", ".join(f"{schema} {count} rows" for schema, count in sorted(tally.rows.items()))
        + "; equal",
        f"  alerts in the JSON lines: {tally.alerts}, each there; written again after a kill between "
        f"writing and marking: {tally.repeated_alerts} (same event_key)",
    ]
    return "\n".join(lines)


def _run_stage(stage: str, config: Path, root: Path, now: datetime) -> None:
    getattr(Line(config, root, now), stage)()


def _started(stage: str, config: Path, places: Places, now: datetime) -> BaseProcess:
    # Forked from a process that has imported everything and opened nothing: real processes, without
    # seconds of imports before each.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.line", "expectations.validate", "great_expectations"])
    process = context.Process(target=_run_stage, args=(stage, config, places.root, now))
    process.start()
    return process


def _to_the_end(stage: str, config: Path, places: Places, now: datetime) -> float:
    started = time.monotonic()
    process = _started(stage, config, places, now)
    process.join(_PATIENCE_SECONDS)
    if process.exitcode != 0:
        process.kill()
        raise KillLoopError(f"{places.root.name}: {stage} did not end well (exit code {process.exitcode})")
    return time.monotonic() - started


def _kill(
    stage: str,
    config: Path,
    places: Places,
    now: datetime,
    kills: int,
    needed: float,
    chance: random.Random,
    tally: Tally,
    seen: _Seen,
) -> None:
    done = 0
    for attempt in range(_MOST_ATTEMPTS * kills):
        if done == kills:
            return
        point = chance.choice(sorted(POINTS[stage])) if chance.random() < _CHOSEN_SHARE else None
        # Each collection has a time of its own: of two documents of one time none is the newer.
        at = now - timedelta(hours=1) + timedelta(seconds=attempt) if stage == "collect" else now
        started, process = time.monotonic(), _started(stage, config, places, at)
        if point is None:
            # What was loaded stays loaded: small steps, or the first delays use all the work up.
            process.join(chance.uniform(0, 2 * needed / (kills + 1) if stage == "load" else needed))
        else:
            _wait_for(process, POINTS[stage][point], places)
            if chance.random() < 0.5:
                time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        if process.exitcode == 0:
            tally.ended_first += 1
            # Nothing is left to be done: the next ones are shorter.
            needed = min(needed, time.monotonic() - started)
        elif process.exitcode != -9:
            raise KillLoopError(f"{stage} failed by itself (exit code {process.exitcode})")
        else:
            done += 1
            tally.kills[stage] += 1
            if point is not None:
                tally.chosen[f"{stage}: {point}"] += 1
            tally.left.update(_left_behind(places))
        seen.check(places)


def _wait_for(process: BaseProcess, point: Point, places: Places) -> None:
    before = point(places)
    while process.is_alive() and point(places) == before:
        time.sleep(_POLL_SECONDS)


def _left_behind(places: Places) -> Iterator[str]:
    if _size(_wal(places)):
        yield "a WAL beside the warehouse"
    beside = (
        [path.name for path in places.published.parent.glob(".*")] if places.published.parent.exists() else []
    )
    if any(name.endswith(("duckdb.new", ".new.wal", ".counted.new")) for name in beside):
        yield "a half-built copy"
    if any(".html." in name for name in beside):
        yield "a half-written page"
    if any(places.root.glob(".staging-*")):
        yield "a staging folder"
    archive = Archive(places.archive)
    for institution, source in archive.sources():
        folder = archive.folder(institution, source)
        if not (folder / LEDGER).read_bytes().endswith(b"\n"):
            yield "a torn ledger line"
        ends: dict[str, int] = {}
        for entry in archive.ledger(institution, source):
            ends[entry.file] = entry.offset + entry.length
        if any(_size(path) > ends.get(path.name, 0) for path in folder.glob("*.warc.gz")):
            yield "records that no ledger line vouches for"


class _Seen:
    """What was committed when it was last looked at. It must be there for ever."""

    def __init__(self) -> None:
        self._ledgers: dict[Path, bytes] = {}
        self._keys: dict[str, set[Any]] = {}
        self._alerts: set[str] = set()

    def check(self, places: Places) -> None:
        """Look again. The warehouse is looked at in a copy, lest looking repairs it."""
        for path in places.archive.glob(f"*/*/{LEDGER}"):
            content = path.read_bytes()
            vouched = content[: content.rfind(b"\n") + 1]
            if not vouched.startswith(self._ledgers.get(path, b"")):
                raise KillLoopError(f"{path.parent.name}: lines of the ledger are gone")
            self._ledgers[path] = vouched
        for path in self._ledgers.keys() - set(places.archive.glob(f"*/*/{LEDGER}")):
            raise KillLoopError(f"{path.parent.name}: the ledger is gone")
        if places.warehouse.exists():
            self._check_warehouse(places)
        if places.published.exists():
            with duckdb.connect(str(places.published), read_only=True) as connection:
                connection.execute("SELECT count(*) FROM mart.indeks_harian").fetchall()
        for page in places.published.parent.glob("*.html"):
            if not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
                raise KillLoopError(f"{page.name}: the page is half a page")
        keys = {alert["event_key"] for alert in _alerts(places)}
        if not self._alerts <= keys:
            raise KillLoopError("alerts are gone from the JSON lines")
        self._alerts = keys

    def _check_warehouse(self, places: Places) -> None:
        with _copied(places) as connection:
            present = {
                f"{schema}.{name}"
                for schema, name in connection.execute(
                    "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'looked_at'"
                ).fetchall()
            }
            for table, key in (
                ("ops.load", "entry_id"),
                ("core.capture", "capture_id"),
                ("score.run", "score_id"),
                ("ops.outbox", "event_key"),
                ("ops.delivery", "channel || event_key"),
            ):
                if table not in present:
                    continue
                found = [row[0] for row in connection.execute(f"SELECT {key} FROM {table}").fetchall()]
                keys = set(found)
                if len(found) != len(keys):
                    raise KillLoopError(f"{table}: {len(found) - len(keys)} rows are there twice")
                if lost := self._keys.get(table, set()) - keys:
                    raise KillLoopError(f"{table}: {len(lost)} committed rows are gone")
                self._keys[table] = keys


@contextmanager
def _copied(places: Places) -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(dir=places.root.parent) as folder:
        for path in (places.warehouse, _wal(places)):
            if path.exists():
                shutil.copyfile(path, Path(folder) / path.name)
        connection = duckdb.connect()
        try:
            connection.execute(f"ATTACH '{folder}/{places.warehouse.name}' AS looked_at")
            connection.execute("USE looked_at")
            yield connection
        finally:
            connection.close()


def _alerts(places: Places) -> list[dict[str, Any]]:
    if not places.messages.exists():
        return []
    lines = places.messages.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def _compare(disturbed: Places, whole: Places, tally: Tally) -> None:
    tally.rows.clear()
    with duckdb.connect() as connection:
        for name, places in (("b", disturbed), ("a", whole)):
            connection.execute(f"ATTACH '{places.warehouse}' AS {name} (READ_ONLY)")
            connection.execute(f"ATTACH '{places.published}' AS {name}_copy (READ_ONLY)")
        for ours, theirs in (("b", "a"), ("b_copy", "a_copy")):
            for schema, table in _tables(connection, ours, theirs):
                if table in _OF_THE_RUNS:
                    continue
                rows = _equal_rows(connection, f"{ours}.{schema}.{table}", f"{theirs}.{schema}.{table}")
                tally.rows[schema if ours == "b" else "copy"] += rows
    pages = {path.name: path.read_text() for path in whole.published.parent.glob("*.html")}
    if pages != {path.name: path.read_text() for path in disturbed.published.parent.glob("*.html")}:
        raise KillLoopError("the pages differ")
    stray = [path.name for path in disturbed.published.parent.iterdir() if path.name.startswith(".")]
    if [name for name in stray if not name.endswith((".lock", ".counted", ".due"))] or any(
        disturbed.root.glob(".staging-*")
    ):
        raise KillLoopError(f"kills left files that nobody removes: {stray}")
    told, expected = _alerts(disturbed), _alerts(whole)
    by_key = {alert["event_key"]: alert for alert in told}
    if by_key != {alert["event_key"]: alert for alert in expected}:
        raise KillLoopError("the alerts differ")
    if any(by_key[alert["event_key"]] != alert for alert in told):
        raise KillLoopError("an alert was told twice in different words")
    tally.alerts, tally.repeated_alerts = len(by_key), len(told) - len(by_key)


# How often a stage was called, and which bytes were published by which call: kills add calls. And which file it is.
_OF_THE_RUNS = frozenset({"made", "operation", "journal", "publication"})


def _tables(connection: duckdb.DuckDBPyConnection, *databases: str) -> list[tuple[str, str]]:
    found = [
        connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $name ORDER BY ALL",
            {"name": name},
        ).fetchall()
        for name in databases
    ]
    if found[0] != found[1]:
        raise KillLoopError(f"{databases[0]} and {databases[1]} have other tables")
    return found[0]


def _equal_rows(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    for one, other, what in ((ours, theirs, "too many"), (theirs, ours, "missing")):
        rows = connection.execute(f"FROM {one} EXCEPT ALL FROM {other}").fetchall()
        if rows:
            raise KillLoopError(f"{ours}: {len(rows)} rows {what}, such as {rows[0]}")
    counted = connection.execute(f"SELECT count(*) FROM {ours}").fetchone()
    return int(counted[0]) if counted else 0


def _compare_archives(disturbed: Places, apart: Places, now: datetime) -> int:
    """Every run of that day that was not killed holds what the undisturbed one does; the killed a part of it."""
    killed = 0
    ours, theirs = Archive(disturbed.archive), Archive(apart.archive)
    # The one apart only collects, so it has no journal of loads and scores.
    if [place for place in ours.sources() if place[1] != JOURNAL_SOURCE] != theirs.sources():
        raise KillLoopError(f"the archive has the sources {ours.sources()}, expected {theirs.sources()}")
    for institution, source in theirs.sources():
        expected = [
            _documents(theirs, e)
            for e in theirs.ledger(institution, source)
            if e.recorded_at.date() == now.date()
        ]
        found = [
            _documents(ours, e)
            for e in ours.ledger(institution, source)
            if e.recorded_at.date() == now.date()
        ]
        ended = [run for run in found if run[0] != "killed"]
        if bool(ended) != bool(expected) or any(run != expected[0] for run in ended):
            raise KillLoopError(f"{source}: the archive holds {ended}, expected {expected}")
        for _, documents in (run for run in found if run[0] == "killed"):
            killed += 1
            if not expected or tuple(documents) != tuple(expected[0][1][: len(documents)]):
                raise KillLoopError(f"{source}: a killed run left {documents}, expected a part of {expected}")
    return killed


def _documents(archive: Archive, entry: Entry) -> tuple[str, Sequence[tuple[str, str]]]:
    run, captures = archive.read(entry)
    return run.error or run.outcome, [(capture.url, _shown(capture)) for capture in captures]


def _shown(capture: Capture) -> str:
    if capture.url.startswith("urn:pantau:uptime:"):
        return ""  # each holds its own durations
    if capture.content_type == "text/html":
        return f"{len(capture.payload)} bytes"  # the city's pages hold a token that is new at every visit
    return capture.digest


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or ["200"]))
