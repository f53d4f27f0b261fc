"""A range of days scored by several processes: the rows of one process, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.score_many import FIRST, build
from tests.small_disk import small_disk
from tests.test_load import START, A, B, C
from tests.test_rebuild import Fed, contents
from tests.test_rule_changes import stricter
from tests.test_score_days import differing
from warehouse import shares
from warehouse.connection import execute, writing
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.journal import write_journal
from warehouse.load import load
from warehouse.rebuild import rebuild
from warehouse.score import score

pytestmark = pytest.mark.e2e

DAY = timedelta(days=1)
BEGIN = FIRST + 60 * DAY
LAST = BEGIN + 8 * DAY
PROGRAM = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from warehouse import shares
from warehouse.score import score
shares.DATES_WORTH_A_PROCESS = shares.TAKEN_AT_ONCE = 2
shares._cores = lambda: 2
since, last = map(datetime.fromisoformat, sys.argv[2:4])
really, left = shares._Taking.take, [int(sys.argv[4])]

def take(*arguments):
    really(*arguments)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

shares._Taking.take = take
score(Path(sys.argv[1]), as_of=last, now=last, since=since)
"""


@pytest.fixture
def in_shares(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let so many processes score, whatever cores there are; of dates that are taken over in threes."""
    monkeypatch.setattr(shares, "DATES_WORTH_A_PROCESS", 2)
    monkeypatch.setattr(shares, "TAKEN_AT_ONCE", 3)

    def count(processes: int) -> None:
        monkeypatch.setattr(shares, "_cores", lambda: processes)

    return count


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six institutions; one is known from the middle of the days on, another not on days in the middle."""
    path = tmp_path_factory.mktemp("shares") / "warehouse.duckdb"
    with writing(path, FIRST) as connection:
        build(connection, 6, 69)
        at = {"late": BEGIN + 5 * DAY, "gone": BEGIN + 2 * DAY}
        execute(
            connection,
            "UPDATE core.institution SET valid_from = $late WHERE institution = 'kota-0001'",
            at,
        )
        execute(
            connection,
            "INSERT INTO core.institution SELECT * REPLACE ($late AS valid_from) FROM core.institution "
            "WHERE institution = 'kota-0002'",
            at,
        )
        execute(
            connection,
            "UPDATE core.institution SET valid_to = $gone "
            "WHERE institution = 'kota-0002' AND valid_from < $gone",
            at,
        )
    return path


def rows_of_both(one: Path, other: Path) -> tuple[dict[str, str], list[tuple[Any, ...]], list[Any]]:
    """How scores of two warehouses differ, and operations and alerts of each that the other lacks."""
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one}' AS one (READ_ONLY)")
        connection.execute(f"ATTACH '{other}' AS other (READ_ONLY)")
        for table in ("operation", "outbox"):
            for left, right in (("one", "other"), ("other", "one")):
                found += connection.execute(
                    f"FROM {left}.ops.{table} EXCEPT ALL FROM {right}.ops.{table}"
                ).fetchall()
        counted = connection.execute("SELECT as_of, count(*) FROM one.score.run GROUP BY ALL ORDER BY ALL")
        return differing(one, other), found, counted.fetchall()


def test_shares_write_the_rows_that_one_process_writes(
    evidence: Path, in_shares: Callable[[int], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, alone = tmp_path / "shared.duckdb", tmp_path / "alone.duckdb"
    shutil.copy(evidence, path)
    # By other rules a day before, one in the first share and one in the second at another hour.
    with stricter(monkeypatch):
        for at in (BEGIN - DAY, BEGIN, BEGIN + 5 * DAY + timedelta(hours=6)):
            score(path, as_of=at, now=FIRST + 80 * DAY)
    # And a part by the same rules.
    score(path, as_of=BEGIN + 6 * DAY, now=FIRST + 81 * DAY, institutions=("kota-0000", "kota-0003"))
    shutil.copy(path, alone)
    now = FIRST + 90 * DAY
    in_shares(1)
    expected = score(alone, as_of=LAST, now=now, since=BEGIN)
    in_shares(2)
    found = score(path, as_of=LAST, now=now, since=BEGIN)
    differ, operations, dates = rows_of_both(alone, path)
    assert differ == {}
    assert operations == []
    assert len(dates) == 11
    assert [(r.current, r.known, r.changes, r.alerts) for r in found] == [
        (r.current, r.known, r.changes, r.alerts) for r in expected
    ]
    assert not path.with_name(f".{path.name}.shares").exists()


def test_what_is_loaded_meanwhile_counts_for_later_scores_and_rebuilding_gives_the_same(
    in_shares: Callable[[int], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = Fed(tmp_path / "data")
    fed.listing(A, B, C)
    first, last = START + DAY, START + 5 * DAY
    now = last + DAY
    alone = tmp_path / "alone.duckdb"
    shutil.copy(fed.warehouse, alone)
    in_shares(1)
    score(alone, as_of=last, now=now, since=first)
    really = shares._score

    def and_somebody_loads(*arguments: Any) -> dict[str, int]:
        known = really(*arguments)
        with pytest.raises(WarehouseBusyError, match=r"process \d+ is scoring a long range of days"):
            rebuild(fed.archive, fed.warehouse, now=now)
        # Of the second day, but it comes late.
        fed.now = first + DAY
        fed.keep("jdih", "https://jdih.uji.go.id/x", b'[{"idData": "9", "jenis": "Peraturan Wali Kota", '
                 b'"noPeraturan": "1", "tahun_pengundangan": "2023", "judul": "Pusat Data", '
                 b'"status": "Berlaku"}, {"idData": "10", "jenis": "Peraturan Wali Kota", "noPeraturan": "2", '
                 b'"tahun_pengundangan": "2023", "judul": "Retribusi Pasar", "status": "Berlaku"}]')  # fmt: skip
        load(fed.archive, fed.warehouse, now=now + timedelta(minutes=1))
        return known

    monkeypatch.setattr(shares, "_score", and_somebody_loads)
    in_shares(2)
    score(fed.warehouse, as_of=last, now=now, since=first)
    with (
        duckdb.connect(str(fed.warehouse), read_only=True) as shared,
        duckdb.connect(str(alone), read_only=True) as serial,
    ):
        of_run = "SELECT as_of, score_id FROM score.run ORDER BY as_of"
        rows, expected = (one.execute(of_run).fetchall() for one in (shared, serial))
    assert rows[:-1] == expected[:-1]
    assert rows[-1] != expected[-1]
    write_journal(fed.archive, fed.warehouse, now=now)
    before = contents(fed.warehouse)
    assert rebuild(fed.archive, fed.warehouse, now=now).changed == ()
    assert contents(fed.warehouse) == before


def begin(path: Path, last: datetime, *, killed_in: int = 0) -> subprocess.Popen[str]:
    """A process that shares days out, and is killed in a transaction that takes over (the first is 1)."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), BEGIN.isoformat(), last.isoformat(), str(killed_in)],
        stderr=subprocess.PIPE,
        text=True,
    )


def scoring(path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A process that has shared days out and waits for what comes of them, and those that score them."""
    begun = begin(path, LAST)
    folder = path.with_name(f".{path.name}.shares")
    wait_until(lambda: len(list(folder.glob("*.duckdb"))) == 2)
    children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text().split()
    assert len(children) == 2
    return begun, [int(pid) for pid in children]


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def dates_of(path: Path) -> list[datetime]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT as_of FROM score.run ORDER BY ALL").fetchall()
    return [at for (at,) in rows]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_of_a_run_that_is_ended_nothing_is_taken_over_and_nothing_stays(
    evidence: Path, tmp_path: Path, how: signal.Signals, in_shares: Callable[[int], None]
) -> None:
    path = tmp_path / "ended.duckdb"
    shutil.copy(evidence, path)
    folder = path.with_name(f".{path.name}.shares")
    begun, children = scoring(path)
    begun.send_signal(how)
    begun.communicate(timeout=300)
    assert begun.returncode != 0
    wait_until(lambda: not any(is_running(pid) for pid in children))
    assert folder.exists() == (how is signal.SIGKILL)
    assert dates_of(path) == []
    in_shares(1)
    score(path, as_of=BEGIN, now=LAST, institutions=("kota-0000",))
    assert dates_of(path) == [BEGIN]
    assert not folder.exists()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_share_that_dies_ends_the_run_and_says_so(
    evidence: Path, tmp_path: Path, in_shares: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "died.duckdb"
    shutil.copy(evidence, path)
    in_shares(2)
    monkeypatch.setattr(shares, "_PROGRAM", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")
    with pytest.raises(WarehouseError, match=r"scores .* ended by itself with code -9 .*run again"):
        score(path, as_of=LAST, now=LAST, since=BEGIN)
    assert not path.with_name(f".{path.name}.shares").exists()
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM score.run").fetchone() == (0,)


def test_a_share_that_is_killed_while_it_scores_ends_the_run(evidence: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.duckdb"
    shutil.copy(evidence, path)
    begun, children = scoring(path)
    os.kill(children[1], signal.SIGKILL)
    _, said = begun.communicate(timeout=300)
    assert begun.returncode == 1
    first, last = (f"{at:%Y-%m-%d}" for at in (BEGIN + 4 * DAY, LAST - DAY))
    assert f"the process that scores {first} to {last} ended by itself with code -9" in said
    assert not any(map(is_running, children))
    assert dates_of(path) == []
    assert not path.with_name(f".{path.name}.shares").exists()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Evidence of two institutions, and what one process makes of five days of it."""
    path = tmp_path_factory.mktemp("undisturbed") / "warehouse.duckdb"
    with writing(path, FIRST) as connection:
        build(connection, 2, 65)
    scored = path.with_name("scored.duckdb")
    shutil.copy(path, scored)
    score(scored, as_of=BEGIN + 4 * DAY, now=BEGIN + 4 * DAY, since=BEGIN)
    return path, scored


def test_a_run_killed_while_it_takes_over_is_done_by_running_again(
    undisturbed: tuple[Path, Path], tmp_path: Path, in_shares: Callable[[int], None]
) -> None:
    evidence, scored = undisturbed
    path, last = tmp_path / "killed.duckdb", BEGIN + 4 * DAY
    shutil.copy(evidence, path)
    folder = path.with_name(f".{path.name}.shares")
    begun = begin(path, last, killed_in=2)
    begun.communicate(timeout=300)
    assert begun.returncode == -signal.SIGKILL
    assert folder.exists()
    assert dates_of(path) == [BEGIN, BEGIN + DAY]
    in_shares(2)
    score(path, as_of=last, now=last, since=BEGIN)
    assert not folder.exists()
    assert differing(scored, path) == {}
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute(
            "SELECT count(*) > 0, count(*) = count(DISTINCT event_key) FROM ops.outbox"
        ).fetchone() == (True, True)
        # What is asked for again is written down again, as ever.
        written = connection.execute(
            "SELECT count(*) FROM ops.operation WHERE kind = 'score' AND institution = 'kota-0000' "
            "GROUP BY json_extract_string(content, '$.as_of') ORDER BY json_extract_string(content, '$.as_of')"
        ).fetchall()
    assert written == [(2,), (2,), (1,), (1,), (1,)]


def test_a_disk_that_fills_up_at_any_time_loses_and_doubles_nothing(
    undisturbed: tuple[Path, Path],
    in_shares: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evidence, scored = undisturbed
    last = BEGIN + 4 * DAY
    in_shares(2)
    with small_disk(tmp_path / "disk", megabytes=256) as disk:
        path = disk.root / "warehouse.duckdb"
        shutil.copy(evidence, path)

        def fails_where(owner: object, name: str) -> None:
            """Score while the disk is full from the moment at which this is called."""
            really = getattr(owner, name)

            def on_a_full_disk(*arguments: Any) -> Any:
                disk.fill()
                return really(*arguments)

            with monkeypatch.context() as patched:
                patched.setattr(owner, name, on_a_full_disk)
                with pytest.raises(WarehouseError, match="the disk is full"):
                    score(path, as_of=last, now=last, since=BEGIN)
            disk.free()
            assert not path.with_name(f".{path.name}.shares").exists()
            assert dates_of(path) == []

        # Before the copies are made, when they are, and when what came of them is taken over.
        fails_where(shares._Process, "go_on")
        fails_where(shares, "_last_operations")
        fails_where(shares._Taking, "take")
        score(path, as_of=last, now=last, since=BEGIN)
        assert differing(scored, path) == {}
        assert rows_of_both(scored, path)[1] == []
