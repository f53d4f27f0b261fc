"""Many workers on one DuckLake: what they leave is what one process leaves in a file, row for row."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from collectors.archive import Archive
from flows.places import Places
from tests import postgres
from tests.many_institutions import at, feed, name_of, write_configs
from warehouse.compact_lake import compact
from warehouse.compare import differences
from warehouse.connection import copying, transact, writing
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.journal import write_journal
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.rebuild import LakeNotEmptyError, rebuild
from warehouse.two_times import scored_as_known

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed"),
]
INSTITUTIONS, WORKERS = range(40), 4


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as found:
        yield found


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres.PASSWORD)


def settle(folder: Path, warehouse: str) -> Places:
    """A data folder whose warehouse is a lake."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pantau.yml").write_text(f"warehouse: {warehouse}\ndata_path: lake\n", encoding="utf-8")
    return Places(folder)


def start_worker(configs: Path, places: Places, number: int, workers: int) -> subprocess.Popen[str]:
    arguments = (str(configs), str(places.root), str(number), str(workers), "1")
    return subprocess.Popen(
        [sys.executable, "-m", "tests.many_institutions", *arguments], stdout=subprocess.PIPE, text=True
    )


def finish(worker: subprocess.Popen[str]) -> list[str]:
    said, _ = worker.communicate(timeout=900)
    assert worker.returncode == 0
    return said.split()


def test_four_workers_of_whom_one_is_killed_leave_the_same_as_one_process(
    tmp_path: Path, server: postgres.Server
) -> None:
    configs, one = tmp_path / "configs", Places(tmp_path / "one")
    write_configs(configs, INSTITUTIONS)
    feed(one.archive, INSTITUTIONS, [0])
    # Some have a second listing: what it no longer shows is closed, and that is what conflicts.
    feed(one.archive, [n for n in INSTITUTIONS if n % 16 in (0, 3)], [1])
    many = settle(tmp_path / "many", server.create("bersama"))
    shutil.copytree(one.archive, many.archive)

    alone = start_worker(configs, one, 1, 1)
    workers = [start_worker(configs, many, number, WORKERS) for number in range(1, WORKERS + 1)]
    victim = workers.pop()
    assert victim.stdout is not None
    # Then two listings of its next one are to come.
    done = [victim.stdout.readline().strip() for _ in range(4)]
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    own = [name_of(n) for n in INSTITUTIONS][WORKERS - 1 :: WORKERS]
    assert done == own[:4]
    assert finish(start_worker(configs, many, WORKERS, WORKERS)) == own
    for worker in workers:
        finish(worker)
    assert len(finish(alone)) == len(INSTITUTIONS)

    with copying(many.home) as connection:
        connection.execute(f"ATTACH '{one.warehouse}' AS one (READ_ONLY)")
        scored, closed = (
            connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
            for rows in ("score.run", "core.regulation WHERE valid_to IS NOT NULL")
        )
        assert scored == (len(INSTITUTIONS),)
        assert closed is not None
        assert closed[0] > 0
        assert list(differences(connection, "one", "warehouse")) == []
    copies = [publish(p.home, p.published, now=at(2)).path for p in (one, many)]
    with copying(copies[0]) as connection:
        connection.execute(f"ATTACH '{copies[1]}' AS other (READ_ONLY)")
        assert list(differences(connection, "warehouse", "other")) == []
        ((score_id, as_of, scored_at),) = connection.execute(
            "SELECT score_id, as_of, scored_at FROM score.run WHERE institution = $name", {"name": own[0]}
        ).fetchall()
    # Asked what was known when it was scored, the lake answers the same again.
    with scored_as_known(many.home, as_of=as_of, known_at=scored_at, institution=own[0]) as (_, scored_again):
        assert [result.current.score_id for result in scored_again] == [score_id]


def test_whoever_writes_of_another_institution_enters_and_whoever_writes_of_all_waits(
    tmp_path: Path, server: postgres.Server
) -> None:
    home = settle(tmp_path, server.create("kunci")).home
    with writing(home, at(0), institutions=("kota-a",)):
        with writing(home, at(0), institutions=("kota-b",)) as connection:
            connection.execute("INSERT INTO ops.publication (file) VALUES ('b')")
        for institutions in (("kota-b", "kota-a"), None):
            with (
                pytest.raises(WarehouseBusyError, match=r"pantau@.*:\d+ holds the warehouse"),
                writing(home, at(0), 0.2, institutions=institutions),
            ):
                pass
    with writing(home, at(0), 0.2) as connection:
        assert connection.execute("SELECT file FROM ops.publication").fetchall() == [("b",)]


def test_changes_that_conflict_are_made_once_more_and_never_by_halves(
    tmp_path: Path, server: postgres.Server
) -> None:
    home = settle(tmp_path, server.create("bentrok")).home
    with writing(home, at(0)) as connection:
        connection.execute(
            "INSERT INTO core.agency (institution, name) VALUES ('kota-a', ''), ('kota-b', '')"
        )
    tries = []

    def rename(connection: duckdb.DuckDBPyConnection) -> None:
        tries.append(1)
        connection.execute("UPDATE core.agency SET name = name || 'a' WHERE institution = 'kota-a'")
        connection.execute("INSERT INTO core.target (institution) VALUES ('kota-a')")
        if len(tries) == 1:
            with writing(home, at(0), institutions=("kota-b",)) as other:
                other.execute("UPDATE core.agency SET name = name || 'b' WHERE institution = 'kota-b'")

    transact(home, at(0), rename, institutions=("kota-a",))
    with writing(home, at(0)) as connection:
        named = connection.execute("SELECT institution, name FROM core.agency ORDER BY ALL").fetchall()
        assert named == [("kota-a", "a"), ("kota-b", "b")]
        assert connection.execute("SELECT count(*) FROM core.target").fetchone() == (1,)
    assert len(tries) == 2


def test_compacting_changes_no_row_and_removes_what_nobody_sees(
    tmp_path: Path, server: postgres.Server
) -> None:
    home = settle(tmp_path, server.create("padat")).home
    assert isinstance(home, Lake)
    for day in range(3):
        with writing(home, at(day), institutions=("kota-a",)) as connection:
            connection.execute(
                "INSERT INTO core.uptime_check (institution, service_id, status) "
                "SELECT 'kota-a', 'portal', range FROM range($rows)",
                {"rows": 600 if day else 5},
            )
            connection.execute("DELETE FROM core.uptime_check WHERE status < $day", {"day": day})
    orphan = home.data_path / "core" / "uptime_check" / "institution=kota-a" / "yatim.parquet"
    shutil.copy(next(orphan.parent.glob("*.parquet")), orphan)
    rows = "SELECT count(*), sum(status) FROM core.uptime_check"
    with copying(home) as connection:
        before = connection.execute(rows).fetchone()
    # By the clock of the server, since it is that which files and snapshots have.
    done = compact(home, now=datetime.now(UTC) + timedelta(minutes=1), keep=timedelta(0))
    with copying(home) as connection:
        assert connection.execute(rows).fetchone() == before
        left = connection.execute(
            "SELECT count(*) FROM ducklake_list_files('warehouse', 'uptime_check', schema => 'core')"
        )
        assert left.fetchone() == (1,)
    assert done.rows_moved > 0
    assert not orphan.exists()
    assert len(list(orphan.parent.glob("*.parquet"))) == 1


def test_an_empty_lake_is_filled_from_the_archive_and_no_other(
    tmp_path: Path, server: postgres.Server
) -> None:
    configs, first = tmp_path / "configs", settle(tmp_path / "data", server.create("lama"))
    numbers = (3, 7)
    write_configs(configs, numbers)
    feed(first.archive, numbers, [0])
    finish(start_worker(configs, first, 1, 1))
    write_journal(Archive(first.archive), first.home, now=at(1))
    with pytest.raises(LakeNotEmptyError, match="name an empty database"):
        rebuild(Archive(first.archive), first.home, now=at(1))
    second = settle(tmp_path / "anew", server.create("baru"))
    rebuild(Archive(first.archive), second.home, now=at(1))
    assert isinstance(first.home, Lake)
    with copying(second.home) as connection:
        connection.execute(
            f"ATTACH '{first.home}' AS old (DATA_PATH '{first.home.data_path}', METADATA_CATALOG 'old_catalog', READ_ONLY)"
        )
        assert connection.execute("SELECT count(*) FROM score.run").fetchone() == (2,)
        assert list(differences(connection, "old", "warehouse")) == []


@pytest.mark.parametrize(
    ("database", "told"),
    [("port=1 dbname=tiada", "No such file"), ("dbname=tiada", "does not exist")],
)
def test_a_catalog_that_is_away_is_told_without_the_password(
    tmp_path: Path, server: postgres.Server, database: str, told: str
) -> None:
    places = settle(tmp_path, f"ducklake:postgres:{database} {server.arguments}")
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "rebuild", "--data-dir", str(places.root)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the catalog cannot be reached" in done.stderr
    assert told in done.stderr
    assert postgres.PASSWORD not in done.stderr + done.stdout


def test_a_server_that_goes_away_is_told_and_found_again_by_the_same_process(tmp_path: Path) -> None:
    def note(text: str, *, is_stopped: bool = False) -> None:
        with writing(home, at(0), institutions=("kota-a",)) as connection:
            connection.execute("INSERT INTO ops.publication (file) VALUES ($text)", {"text": text})
            if is_stopped:
                server.stop()

    with postgres.running() as server:
        home = settle(tmp_path, server.create("pergi")).home
        note("sebelum")
        with pytest.raises(WarehouseError, match="the catalog cannot be reached"):
            note("di tengah", is_stopped=True)
        with pytest.raises(WarehouseError, match="the catalog cannot be reached"):
            note("selagi mati")
        server.start()
        note("sesudah")
        with writing(home, at(0)) as connection:
            rows = connection.execute("SELECT file FROM ops.publication ORDER BY ALL").fetchall()
    assert rows == [("sebelum",), ("sesudah",)]
