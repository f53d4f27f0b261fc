"""A warehouse made anew from the archive is the old one, row for row."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from collectors.archive import Archive
from collectors.institution import CONFIG_SOURCE, JOURNAL_SOURCE
from collectors.ledger import LEDGER
from flows.notify import notify
from flows.places import Places
from flows.publish import publish
from flows.score import score
from tests.line import demo_line
from tests.test_institution import GOOD
from tests.test_load import START, A, B, C, Feed
from warehouse import replay as replaying
from warehouse.compare import compared_tables
from warehouse.connection import writing
from warehouse.errors import NewerWarehouseError, WarehouseBusyError, WarehouseError
from warehouse.journal import read_journal, write_journal
from warehouse.load import load
from warehouse.rebuild import rebuild
from warehouse.score import rescore
from warehouse.verify import verify

pytestmark = pytest.mark.e2e


class Fed(Feed):
    """A hand-fed archive in a data folder, with all stages."""

    def __init__(self, folder: Path, config: str = GOOD) -> None:
        super().__init__(folder, config)
        self.places = Places(folder)
        self.warehouse = self.places.warehouse

    def score(self) -> None:
        score(self.places, as_of=self.now, now=self.now)

    def tell(self) -> None:
        notify(self.places, now=self.now, environment={})


@pytest.fixture(scope="module")
def some_days(tmp_path_factory: pytest.TempPathFactory) -> Fed:
    """Days with a repeal, a refused batch, a held row, a changed file, alerts that were told; to be copied."""
    fed = Fed(tmp_path_factory.mktemp("fed"))
    fed.listing(A, B, C)
    fed.score()
    fed.tell()
    fed.listing((A[0], A[1], "Tidak Berlaku"), B, C)
    fed.score()
    fed.tell()
    fed.listing(("9", "x" * 3000, "Berlaku"), A, B, C)
    fed.keep("jdih", "https://jdih.uji.go.id/x", b"[]")
    fed.keep(CONFIG_SOURCE, "file:uji.yml", GOOD.replace('"2026": "4.50"', '"2026": "4.60"').encode(), None)
    load(fed.archive, fed.warehouse, now=fed.now)
    fed.score()
    publish(fed.places, now=fed.now)
    fed.tell()
    return fed


def copied(fed: Fed, folder: Path) -> Places:
    shutil.copytree(fed.places.root, folder)
    return Places(folder)


def contents(warehouse: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that follows from the archive, sorted."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        return {
            table: connection.execute(f"FROM {table} ORDER BY ALL").fetchall()
            for table in compared_tables(connection, name)
        }


def test_every_table_comes_back_row_for_row(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    before = contents(places.warehouse)
    assert {
        "raw.regulation",
        "core.regulation",
        "score.finding",
        "score.change",
        "ops.delivery",
    } <= before.keys()
    for table in ("raw.regulation", "ops.quarantine", "ops.outbox", "ops.delivery", "score.expiry"):
        assert before[table], table

    def while_it_runs(done: int, total: int, what: str) -> None:
        with pytest.raises(WarehouseBusyError, match=r"process \d+ is rebuilding it"):
            rebuild(Archive(places.archive), places.warehouse, now=some_days.now)

    archive = Archive(places.archive)
    made = rebuild(archive, places.warehouse, now=some_days.now, progress=while_it_runs)
    assert made.changed == ()
    assert contents(places.warehouse) == before
    assert sum(made.replayed.operations.values()) == made.total == len(before["ops.operation"])
    assert sum(made.replayed.loads.values()) == made.replayed.operations["load"] == len(before["ops.load"])
    assert made.before is not None
    assert contents(made.before) == before


def test_a_lost_warehouse_comes_back_and_nothing_is_told_twice(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    before = contents(places.warehouse)
    places.warehouse.unlink()
    made = rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert (made.before, made.changed, made.pending) == (None, None, 0)
    assert contents(places.warehouse) == before
    assert notify(places, now=some_days.now, environment={}) == []
    # And goes on as if nothing had happened: what is new is noted, what was noted is not noted again.
    assert write_journal(Archive(places.archive), places.warehouse, now=some_days.now) == 0
    score(places, as_of=some_days.now, now=some_days.now)
    assert write_journal(Archive(places.archive), places.warehouse, now=some_days.now) == 2


def test_a_lost_warehouse_that_was_loaded_anew_is_told_from_that_of_the_journal(
    some_days: Fed, tmp_path: Path
) -> None:
    places = copied(some_days, tmp_path / "data")
    before = contents(places.warehouse)
    archive, later = Archive(places.archive), some_days.now + timedelta(hours=2)
    noted = read_journal(archive)
    places.warehouse.unlink()
    load(archive, places.warehouse, now=some_days.now + timedelta(minutes=1))
    with pytest.raises(WarehouseError, match=r"operasi: holds another operation 0 .* run pantau rebuild"):
        write_journal(archive, places.warehouse, now=later, is_due=False)
    assert read_journal(archive) == noted
    made = rebuild(archive, places.warehouse, now=later)
    assert "begun anew" in (made.unreadable or "")
    assert contents(places.warehouse) == before
    assert write_journal(archive, places.warehouse, now=later) == 0


def test_a_warehouse_that_is_no_warehouse_is_put_aside(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    before = contents(places.warehouse)
    places.warehouse.write_bytes(b"rusak" * 4000)
    made = rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert "no DuckDB file" in (made.unreadable or "")
    assert contents(places.warehouse) == before
    assert made.before is not None
    assert made.before.read_bytes() == b"rusak" * 4000


def test_what_the_archive_did_not_know_yet_is_copied_there_first(tmp_path: Path) -> None:
    fed = Fed(tmp_path)
    fed.listing(A, B)
    before = contents(fed.warehouse)
    assert read_journal(fed.archive) == []
    made = rebuild(fed.archive, fed.warehouse, now=fed.now)
    assert (made.total, made.changed) == (2, ())
    assert contents(fed.warehouse) == before
    assert [operation.kind for operation in read_journal(fed.archive)] == ["load", "load"]


def test_a_better_parser_applies_to_all_history_and_wakes_nobody(
    some_days: Fed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = copied(some_days, tmp_path / "data")
    told = contents(places.warehouse)["ops.outbox"]
    from collectors import regulations

    parse = regulations.parse_parts

    def without_first(captures, source):  # type: ignore[no-untyped-def]
        for part in parse(captures, source):
            yield type(part)(part.table, part.records[1:], part.rejects, part.duplicates, part.notes)

    monkeypatch.setattr(regulations, "parse_parts", without_first)
    made = rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert {"raw.regulation", "core.regulation"} <= {difference.table for difference in made.changed or ()}
    keys = {row[0] for row in contents(places.warehouse)["ops.outbox"]}
    assert keys <= {row[0] for row in told}


def test_scores_by_rules_that_are_gone_are_taken_over(
    some_days: Fed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = copied(some_days, tmp_path / "data")
    with writing(places.warehouse, some_days.now) as connection:
        # As if all days had been scored by a program with other rules.
        old = connection.execute("SELECT ruleset_hash FROM score.run LIMIT 1").fetchone()
        assert old is not None
        for table in ("score.run", "score.criterion", "score.ruleset_use"):
            connection.execute(f"UPDATE {table} SET ruleset_hash = 'lama'")
        for table, columns in compared_tables(connection, "warehouse").items():
            if "score_id" in columns and table != "score.finding":  # a view of others
                connection.execute(f"UPDATE {table} SET score_id = 'lama-' || score_id")
        connection.execute(
            "UPDATE ops.operation SET content = replace(content, $old, 'lama')", {"old": old[0]}
        )
    shutil.rmtree(places.archive / "kota-uji" / JOURNAL_SOURCE)
    with writing(places.warehouse, some_days.now) as connection:
        connection.execute("DELETE FROM ops.journal")
    rescore(places.warehouse, now=some_days.now)
    before = contents(places.warehouse)
    assert {row[3] for row in before["score.run"]} == {"lama", old[0]}
    publish(places, now=some_days.now)
    checked = verify(Archive(places.archive), places.warehouse, places.published, now=some_days.now)
    assert (checked.broken, checked.taken) == ((), 3)
    made = rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert (made.changed, made.replayed.kept, made.replayed.replaced) == ((), 3, 0)
    assert contents(places.warehouse) == before
    places.warehouse.unlink()
    again = rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert (again.replayed.kept, again.replayed.replaced) == (0, 3)
    assert {row[3] for row in contents(places.warehouse)["score.run"]} == {old[0]}


def test_scores_of_one_instrument_are_taken_over_where_only_its_rules_are_gone(tmp_path: Path) -> None:
    fed = Fed(tmp_path, GOOD.replace("kind: kota}", "kind: kota, also: [pemdi-2026]}", 1))
    load(fed.archive, fed.warehouse, now=fed.now)
    fed.score()
    with writing(fed.warehouse, fed.now) as connection:
        # As if it had been scored by a program with other rules for the second instrument.
        old = connection.execute(
            "SELECT ruleset_hash, score_id FROM score.run WHERE instrument = 'pemdi-2026'"
        ).fetchone()
        assert old is not None
        for table in ("score.run", "score.criterion", "score.ruleset_use"):
            connection.execute(
                f"UPDATE {table} SET ruleset_hash = 'lama' WHERE ruleset_hash = $old", {"old": old[0]}
            )
        for table, columns in compared_tables(connection, "warehouse").items():
            if "score_id" in columns and table != "score.finding":
                connection.execute(
                    f"UPDATE {table} SET score_id = 'lama' WHERE score_id = $old", {"old": old[1]}
                )
        connection.execute(
            "UPDATE ops.operation SET content = replace(content, $old, 'lama')", {"old": old[0]}
        )
    before = contents(fed.warehouse)
    checked = verify(fed.archive, fed.warehouse, fed.places.published, now=fed.now)
    assert (checked.broken, checked.taken) == ((), 1)
    made = rebuild(fed.archive, fed.warehouse, now=fed.now)
    assert (made.changed, made.replayed.kept, made.replayed.replaced) == ((), 1, 0)
    assert contents(fed.warehouse) == before


def test_a_removed_ledger_line_is_named_and_the_old_warehouse_stays(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    before = places.warehouse.read_bytes()
    ledger = places.archive / "kota-uji" / "jdih" / LEDGER
    ledger.write_text("".join(ledger.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(replaying.ReplayError, match=r"jdih: the ledger has no entry .* \(line 4\)"):
        rebuild(Archive(places.archive), places.warehouse, now=some_days.now)
    assert places.warehouse.read_bytes() == before
    assert not list(places.root.glob(".*.new*"))


def test_what_is_written_meanwhile_is_not_lost(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    fed = Fed.__new__(Fed)
    fed.archive, fed.warehouse, fed.places, fed.now = (
        Archive(places.archive), places.warehouse, places, some_days.now,
    )  # fmt: skip
    wrote: list[bool] = []

    def while_it_runs(done: int, total: int, what: str) -> None:
        if done == total and not wrote:
            wrote.append(True)
            fed.listing(B, C)
            fed.score()

    made = rebuild(Archive(places.archive), places.warehouse, now=some_days.now, progress=while_it_runs)
    assert made.changed == ()
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM score.run WHERE as_of = $t", {"t": fed.now}
        ).fetchone()
    assert found == (1,)


def test_a_forecast_that_comes_after_the_rest_was_repeated_is_made(some_days: Fed, tmp_path: Path) -> None:
    known = read_journal(some_days.archive)
    last = max(number for number, one in enumerate(known) if one.kind == "forecast")
    replay = replaying.Replay(some_days.archive, tmp_path / "w.duckdb", None)
    replay.repeat(known[:last])
    replay.repeat(known[last:])
    table = "score.forecast"
    assert contents(tmp_path / "w.duckdb")[table] == contents(some_days.warehouse)[table] != []


def test_a_newer_warehouse_is_not_replaced(tmp_path: Path) -> None:
    with writing(tmp_path / "w.duckdb", START) as connection:
        connection.execute("INSERT INTO ops.migration VALUES (9999, 'later', now())")
    with pytest.raises(NewerWarehouseError, match="use a newer Pantau"):
        rebuild(Archive(tmp_path / "archive"), tmp_path / "w.duckdb", now=START)
    assert [path.name for path in tmp_path.glob("w.duckdb*")] == ["w.duckdb"]


def test_a_log_of_an_earlier_rebuild_is_not_left_beside_the_file_kept_by_this_one(tmp_path: Path) -> None:
    with writing(tmp_path / "w.duckdb", START):
        pass
    (tmp_path / "w.duckdb.before.wal").write_bytes(b"dari dulu")
    rebuild(Archive(tmp_path / "archive"), tmp_path / "w.duckdb", now=START)
    assert {path.name for path in tmp_path.glob("w.duckdb*")} == {"w.duckdb", "w.duckdb.before"}


def test_killed_half_way_the_old_warehouse_stays(some_days: Fed, tmp_path: Path) -> None:
    places = copied(some_days, tmp_path / "data")
    before = contents(places.warehouse)
    program = (
        "import sys; from datetime import datetime; from pathlib import Path; "
        "from collectors.archive import Archive; from warehouse.rebuild import rebuild; "
        "rebuild(Archive(Path(sys.argv[1])), Path(sys.argv[2]), now=datetime.fromisoformat(sys.argv[3]))"
    )
    arguments = [str(places.archive), str(places.warehouse), some_days.now.isoformat()]
    child = subprocess.Popen([sys.executable, "-c", program, *arguments])
    beside = places.warehouse.with_name(f".{places.warehouse.name}.new")
    deadline = time.monotonic() + 60
    while not beside.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.wait()
    assert beside.exists()
    assert contents(places.warehouse) == before
    assert rebuild(Archive(places.archive), places.warehouse, now=some_days.now).changed == ()
    assert contents(places.warehouse) == before


def test_days_of_the_city_come_back_row_for_row(tmp_path: Path) -> None:
    with demo_line(tmp_path) as (city, line):
        for day in (1, 2, 3, 4):
            city.day = day
            line.run()
            line.notify()
            line.pass_days(1)
        for source, fault in (("jdih-dprd", "block_page"), ("jdihn", "server_error")):
            city.set_fault(source, fault)
            line.collect(only=source)
        line.load()
    before = contents(line.places.warehouse)
    outcomes = {row[0] for row in line.rows("SELECT outcome FROM ops.load")}
    assert outcomes == {"loaded", "refused", "failed"}
    for table in ("raw.uptime_check", "raw.attestation", "raw.application", "ops.quarantine", "ops.delivery"):
        assert before[table], table
    # What the forecast of a date told stays, though the forecasts of later dates took its place.
    told = line.rows("SELECT DISTINCT kind, created_at::DATE::VARCHAR FROM ops.outbox")
    assert ("evidence_expiring", "2026-11-24") in told
    made = rebuild(Archive(line.places.archive), line.places.warehouse, now=line.now)
    assert made.changed == ()
    assert contents(line.places.warehouse) == before
