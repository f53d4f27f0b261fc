"""What a publication carries over from an earlier one is what it would count itself, row for row.

Who changes how checks are counted or carried over, hunts wider than the few examples of every run: tests/examples_of.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from tests.service_histories import BEGIN, DAY, Story, check, stories, write_file
from tests.warehouse_rows import fill
from warehouse.connection import append, reading, writing
from warehouse.count_ahead import count_ahead
from warehouse.locks import only_one
from warehouse.operations import write_down
from warehouse.publish import publish
from warehouse.rollup import roll_up

HOUR = timedelta(hours=1)
RULES = {
    "institution": "kota-a",
    "time_zone": "Asia/Jakarta",
    "check_holds": timedelta(minutes=30),
    "raw_days": 65,
    "hourly_days": 70,
}
ROWS = "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1"


def load(warehouse: Path, checks: Sequence[dict[str, Any]], now: datetime, name: str = "") -> None:
    """Let checks into the warehouse as loading does, an entry for each source: none of before what is left."""
    with writing(warehouse, now) as connection:
        left = dict(
            connection.execute(
                "SELECT service_id, raw_from FROM core.uptime_rolled WHERE raw_from IS NOT NULL"
            ).fetchall()
        )
        for source in ("layanan", "layanan-riwayat"):
            rows = [
                {**one, "loaded_at": now}
                for one in checks
                if one.get("source", "layanan") == source
                and one["checked_at"] >= left.get(one["service_id"], one["checked_at"])
            ]
            entry = f"{source} {now} {name}"
            if rows:
                fill(connection, {"uptime_check": rows})
            append(
                connection,
                "ops.load",
                [{"entry_id": entry, "outcome": "loaded", "rows_loaded": len(rows)}],
                institution="kota-a",
                source=source,
                loaded_at=now,
            )
            write_down(connection, "kota-a", "load", now, {"entry": entry, "source": source, "line": 1})


def everything(copy: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a published copy."""
    with reading(copy) as connection:
        return {
            table: connection.execute(f"FROM {table} ORDER BY ALL").fetchall()
            for (table,) in connection.execute(ROWS).fetchall()
        }


def assert_same_as_anew(warehouse: Path, target: Path, now: datetime) -> None:
    """Publish with what is carried over, and where nothing is."""
    publish(warehouse, target, now=now)
    with tempfile.TemporaryDirectory() as folder:
        anew = Path(folder) / "pantau.duckdb"
        publish(warehouse, anew, now=now)
        expected = everything(anew)
    carried = everything(target)
    assert carried.keys() == expected.keys()
    for table in expected:
        assert carried[table] == expected[table], table


@few(2)
@given(
    story=stories,
    begin=st.integers(0, 250 * DAY),
    steps=st.lists(
        st.tuples(
            st.sampled_from([3, 40, 300, 1000, DAY, DAY, 4 * DAY, 35 * DAY]), st.sampled_from(".....aaaaaAr")
        ),
        min_size=2,
        max_size=4,
    ),
)
@pytest.mark.e2e
def test_whatever_came_between_two_publications(
    story: Story, begin: int, steps: list[tuple[int, str]]
) -> None:
    waiting = story.checks()
    with tempfile.TemporaryDirectory() as folder:
        warehouse, target = Path(folder) / "w.duckdb", Path(folder) / "pantau.duckdb"
        now = BEGIN + timedelta(minutes=begin + 1)
        for minutes, what in steps:
            with writing(warehouse, now) as connection:
                write_file(connection, story, now)
            come = [one for one in waiting if one["loaded_at"] <= now]
            waiting = waiting[len(come) :]
            load(warehouse, come, now)
            if what == "r":
                roll_up(warehouse, "kota-a", now=now)
            elif what == "a":
                count_ahead(warehouse, target, now=now, institutions={"kota-a"})
            elif what == "A":
                # By a load that began a little later than the publication, and was quicker.
                count_ahead(warehouse, target, now=now + timedelta(seconds=20))
            assert_same_as_anew(warehouse, target, now)
            now += timedelta(minutes=minutes)


class City:
    """A city that was published after 70 days of checks, all of them rolled up but the last ten days."""

    def __init__(self, folder: Path) -> None:
        self.warehouse, self.target = folder / "w.duckdb", folder / "pantau.duckdb"
        self.counted = folder / ".pantau.duckdb.counted"
        self.now = BEGIN + timedelta(days=60)
        with writing(self.warehouse, self.now) as connection:
            fill(
                connection,
                {
                    "institution": [RULES],
                    "service": [
                        {"institution": "kota-a", "service_id": name, "agency": agency}
                        for name, agency in (("portal", "diskominfo"), ("lapor", "hukum"))
                    ],
                },
            )
        load(self.warehouse, self.checks(BEGIN, 60 * 24), self.now)
        roll_up(self.warehouse, "kota-a", now=self.now)
        self.pass_days(10)
        publish(self.warehouse, self.target, now=self.now)

    def checks(self, since: datetime, hours: int) -> list[dict[str, Any]]:
        """A check of each service every hour, of which some fail."""
        return [
            check(name, since + HOUR * n, "uuuuuduu?uuuuuuuuudduuu"[n % 23], self.now)
            for n in range(hours)
            for name in ("portal", "lapor")
        ]

    def pass_days(self, days: float) -> None:
        """Let time pass, and the checks of that time be loaded."""
        since, self.now = self.now, self.now + timedelta(days=days)
        load(self.warehouse, self.checks(since, round(days * 24)), self.now)

    def spoil(self) -> None:
        """Change what was counted, so that it is seen whether a publication takes it for true."""
        connection = duckdb.connect(str(self.counted))
        connection.execute("UPDATE sla SET up_seconds = 2e9")
        connection.execute("UPDATE day_checks SET checks = 2000000")
        connection.close()

    def carried(self) -> tuple[bool, bool]:
        """Whether the next publication takes for true what the one before counted: of levels, of states."""
        publish(self.warehouse, self.target, now=self.now)
        with reading(self.target) as connection:
            said = connection.execute(
                "SELECT max(up_seconds) > 1e9, max(checks_30d) > 1e6 FROM core.service_sla, core.service_now"
            ).fetchone()
        assert said is not None
        return said[0], said[1]

    def count(self, institutions: set[str] | None = None) -> None:
        """Count ahead, as a load does that brought checks of these institutions, or something else."""
        count_ahead(self.warehouse, self.target, now=self.now, institutions=institutions)

    def change(self, sql: str) -> None:
        """Change the warehouse."""
        with writing(self.warehouse, self.now) as connection:
            connection.execute(sql)


@pytest.fixture(scope="module")
def published_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a city that was published."""
    folder = tmp_path_factory.mktemp("kota")
    City(folder)
    return folder


@pytest.fixture
def city(published_city: Path, tmp_path: Path) -> City:
    """A city that was published, to be changed."""
    folder = shutil.copytree(published_city, tmp_path / "kota")
    made = City.__new__(City)
    made.warehouse, made.target = folder / "w.duckdb", folder / "pantau.duckdb"
    made.counted = folder / ".pantau.duckdb.counted"
    made.now = BEGIN + timedelta(days=70)
    return made


@pytest.mark.e2e
@pytest.mark.parametrize("days", [0, 1 / 24, 20])
def test_what_was_counted_is_not_counted_again(city: City, days: float) -> None:
    if days:
        city.pass_days(days)
    city.spoil()
    assert city.carried() == (True, True)


@pytest.mark.e2e
def test_publications_one_after_the_other(city: City) -> None:
    """Into another month, with what each keeps for the next."""
    for days in (0.5, 0.1, 9, 30, 1):
        city.pass_days(days)
        assert_same_as_anew(city.warehouse, city.target, city.now)
    assert list(city.target.parent.glob("*.new*")) == []


def _late(city: City) -> None:
    load(city.warehouse, [check("portal", city.now - timedelta(days=3, minutes=7), "d", city.now)], city.now)


def _imported(city: City) -> None:
    one = check("portal", BEGIN - HOUR, "d", city.now, source="layanan-riwayat")
    load(city.warehouse, [one], city.now)


def _rolled_up(city: City) -> None:
    roll_up(city.warehouse, "kota-a", now=city.now)


def _unreadable(city: City) -> None:
    city.counted.write_bytes(city.counted.read_bytes()[:20_000])


def _damaged(city: City) -> None:
    """As a disk does it: the last blocks are no longer what was written."""
    whole = bytearray(city.counted.read_bytes())
    for at in range(3 * 4096 + 100, len(whole), 997):
        whole[at] ^= 255
    city.counted.write_bytes(whole)


def _by_another_program(city: City) -> None:
    connection = duckdb.connect(str(city.counted))
    connection.execute("UPDATE made SET program = 'lain'")
    connection.close()


def _clock_set_back(city: City) -> None:
    city.now -= timedelta(hours=3)


CHANGES: dict[str, Callable[[City], None]] = {
    "a check came late": _late,
    "a history was brought in": _imported,
    "checks were rolled up": _rolled_up,
    "it cannot be read": _unreadable,
    "it is damaged": _damaged,
    "another program counted": _by_another_program,
    "the clock was set back": _clock_set_back,
    "a check was written by hand": lambda city: city.change(
        "INSERT INTO core.uptime_check (institution, service_id, checked_at, is_up, source) "
        "VALUES ('kota-a', 'portal', '2026-03-01 00:00:00+00', FALSE, 'layanan')"
    ),
    "checks were removed": lambda city: city.change(
        "DELETE FROM core.uptime_check WHERE checked_at > '2026-03-01 00:00:00+00' AND NOT is_up"
    ),
    "the warehouse is another one": lambda city: city.change("UPDATE ops.made SET id = 'lain'"),
    "other things were done": lambda city: city.change(
        "UPDATE ops.operation SET content = replace(content, 'layanan ', 'x ') WHERE seq = 0"
    ),
    "an operation is gone": lambda city: city.change(
        "DELETE FROM ops.operation WHERE seq = (SELECT max(seq) FROM ops.operation)"
    ),
    "the rules changed": lambda city: city.change(
        "UPDATE core.institution SET check_holds = INTERVAL 2 HOUR"
    ),
    "a window was written": lambda city: city.change(
        "INSERT INTO core.maintenance VALUES ('kota-a', 'jendela', NULL, '2026-03-01', '2026-03-02', FALSE, "
        "'2026-01-01', NULL, NULL, NULL)"
    ),
    "a service moved to another agency": lambda city: city.change(
        "INSERT INTO core.service BY NAME SELECT * REPLACE ('pekerjaan' AS agency, '2026-03-01 00:00:00+00' AS valid_from) "
        "FROM core.service WHERE service_id = 'portal'"
    ),
}


@pytest.mark.e2e
@pytest.mark.parametrize("what", CHANGES)
def test_what_may_have_changed_is_counted_anew(city: City, what: str) -> None:
    city.spoil()
    CHANGES[what](city)
    assert city.carried() == (False, False)


@pytest.mark.e2e
def test_a_publication_that_fails_keeps_nothing_new(city: City) -> None:
    counted = city.counted.read_bytes()
    city.pass_days(2)
    city.change("ALTER TABLE core.target DROP COLUMN target")
    with pytest.raises(duckdb.BinderException, match="target"):
        publish(city.warehouse, city.target, now=city.now)
    assert city.counted.read_bytes() == counted
    assert list(city.target.parent.glob("*.new*")) == []


def as_it_was(city: City) -> tuple[int, int]:
    """What tells whether the file of what was counted is still the same one."""
    return city.counted.stat().st_ino, city.counted.stat().st_mtime_ns


@pytest.mark.e2e
def test_a_publication_takes_over_what_a_load_counted(city: City) -> None:
    """The whole past, where nothing was counted before it, as well as the day since."""
    city.counted.unlink()
    city.count({"kota-a"})
    city.spoil()
    assert city.carried() == (True, True)
    city.counted.unlink()
    city.count({"kota-a"})
    for days in (1, 30):
        city.pass_days(days)
        before = as_it_was(city)
        city.count({"kota-a"})
        counted = as_it_was(city)
        assert counted != before
        assert_same_as_anew(city.warehouse, city.target, city.now)
        # The publication found nothing more to keep.
        assert as_it_was(city) == counted
    assert list(city.target.parent.glob("*.new*")) == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "what",
    [
        "a check came late",
        "checks were rolled up",
        "it is damaged",
        "another program counted",
        "a window was written",
    ],
)
def test_whatever_changed_is_counted_by_the_load(city: City, what: str) -> None:
    city.spoil()
    CHANGES[what](city)
    city.count()
    assert_same_as_anew(city.warehouse, city.target, city.now)


@pytest.mark.e2e
def test_it_is_counted_once_a_local_day(city: City) -> None:
    """The city was published at midnight, which is settled an hour later."""
    begun = city.now
    city.now += 2 * HOUR
    city.count({"kota-a"})
    before = as_it_was(city)
    for hours, is_counted in ((0.9, False), (1.1, True), (3, False), (24.9, False), (25.1, True)):
        city.now = begun + timedelta(days=1, hours=hours)
        city.count({"kota-a"})
        assert (as_it_was(city) != before) == is_counted, hours
        before = as_it_was(city)
    # Nor when the clock of another was a little ahead.
    city.now -= timedelta(seconds=5)
    city.count({"kota-a"})
    assert as_it_was(city) == before


@pytest.mark.e2e
def test_a_load_that_was_quicker_than_a_publication_spares_it_counting(city: City) -> None:
    """Which began before that load, and waited for it."""
    city.pass_days(2)
    began, city.now = city.now, city.now + timedelta(seconds=20)
    city.count({"kota-a"})
    city.spoil()
    city.now = began
    assert city.carried() == (True, True)


@pytest.mark.e2e
def test_each_institution_by_its_own_midnight(city: City) -> None:
    """Jayapura's midnight comes two hours before Jakarta's."""
    new = "'kota-b' AS institution"
    city.change(f"INSERT INTO core.service BY NAME SELECT * REPLACE ({new}) FROM core.service")
    city.change(
        f"INSERT INTO core.institution BY NAME SELECT * REPLACE ({new}, 'Asia/Jayapura' AS time_zone) "
        "FROM core.institution"
    )
    midnight = city.now + timedelta(days=1)
    city.now += 2 * HOUR
    city.count({"kota-b"})
    before = as_it_was(city)
    for hours, name, is_counted in (
        (-1.1, "kota-b", False),
        (-0.9, "kota-a", False),
        (-0.9, "kota-b", True),
        (0.9, "kota-a", False),
        (0.9, "kota-b", False),
        (1.1, "kota-b", False),
        (1.1, "kota-a", True),
    ):
        city.now = midnight + timedelta(hours=hours)
        city.count({name})
        assert (as_it_was(city) != before) == is_counted, (hours, name)
        before = as_it_was(city)
    assert_same_as_anew(city.warehouse, city.target, city.now)


@pytest.mark.e2e
@pytest.mark.parametrize("left", [b"{}", b"\xff[1", None])
def test_a_note_that_is_no_good_is_written_anew(city: City, left: bytes | None) -> None:
    note = city.target.with_name(".pantau.duckdb.due")
    city.count({"kota-a"})
    good = note.read_bytes()
    note.unlink()
    if left is not None:
        note.write_bytes(left)
    city.count({"kota-a"})
    assert note.read_bytes() == good


@pytest.mark.e2e
def test_after_an_update_the_next_load_counts(city: City) -> None:
    _by_another_program(city)
    note = city.target.with_name(".pantau.duckdb.due")
    said = json.loads(note.read_text())
    found = city.counted.stat()
    note.write_text(json.dumps(said | {"program": "lain", "file": [found.st_size, found.st_mtime_ns]}))
    before = as_it_was(city)
    city.count({"kota-a"})
    assert as_it_was(city) != before


@contextmanager
def held(warehouse: Path) -> Iterator[None]:
    """Another process holds the warehouse for writing."""
    script = (
        "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()


@pytest.mark.e2e
def test_counting_ahead_is_in_nobodys_way(city: City, caplog: pytest.LogCaptureFixture) -> None:
    """Where the copy or the warehouse is held it is left; where something is wrong, that is said."""
    caplog.set_level("INFO")
    city.pass_days(1.5)
    before = as_it_was(city)
    with only_one(city.target, "publishing"):
        city.count({"kota-a"})
    assert "the next publication counts" in caplog.text
    caplog.clear()
    with held(city.warehouse):
        city.count({"kota-a"})
    assert "holds the warehouse" in caplog.text
    assert not [one for one in caplog.records if one.levelname == "WARNING"]
    caplog.clear()
    city.change("ALTER TABLE core.maintenance DROP COLUMN is_weekly")
    city.count({"kota-a"})
    (warning,) = [one for one in caplog.records if "could not be counted ahead" in one.getMessage()]
    assert warning.levelname == "WARNING"
    assert "what was loaded is kept" in warning.getMessage()
    assert as_it_was(city) == before
    assert list(city.target.parent.glob("*.new*")) == []
