"""The officers' guide: every query runs on the published copy while a flow writes, and the map of views is current."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.places import Places
from flows.publish import publish
from tests import guide
from tests.guide import GUIDE
from tests.page_fixture import NOW
from warehouse.connection import reading

pytestmark = pytest.mark.e2e

# Loads a check, scores an earlier date, publishes, and again: what flows do all day.
WRITER = """
import sys, pathlib, datetime
from flows.places import Places
from flows.publish import publish
from flows.score import score
from tests.page_fixture import INSTITUTION, NOW
from warehouse.connection import append, writing
places = Places(pathlib.Path(sys.argv[1]))
minute = datetime.timedelta(minutes=1)
for turn in range(1, 1000):
    with writing(places.warehouse, NOW) as connection:
        check = {"service_id": "portal", "source": "layanan", "checked_at": NOW + turn * minute, "is_up": True}
        append(connection, "core.uptime_check", [check], institution=INSTITUTION)
    score(places, as_of=NOW - datetime.timedelta(hours=2) + turn * minute, now=NOW + turn * minute)
    publish(places, now=NOW + turn * minute)
    print(turn, flush=True)
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The made-up institution, published."""
    made = Places(tmp_path_factory.mktemp("panduan"))
    guide.fill(made)
    publish(made, now=NOW)
    return made


def test_the_map_names_every_view_as_its_comment_does(places: Places) -> None:
    with reading(places.published) as connection:
        assert guide.map_of_views(connection) in GUIDE.read_text("utf-8"), "run python -m tests.guide"


def test_every_query_runs_while_a_flow_writes(places: Places) -> None:
    text = GUIDE.read_text("utf-8")
    asked = guide.queries(text)
    assert len(asked) == text.count("```sql") >= 15
    with reading(places.published) as held:
        before = held.execute("SELECT count(*) FROM core.uptime_check").fetchone()
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(places.root)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        try:
            assert writer.stdout is not None
            copies: set[int] = set()
            deadline = time.monotonic() + 240
            while len(copies) < 2 and time.monotonic() < deadline:
                for query in asked:
                    copies.add(places.published.stat().st_ino)
                    with reading(places.published) as connection:
                        cursor = connection.execute(query.sql)
                        assert [column[0] for column in cursor.description] == query.promised, query.title
                        assert cursor.fetchall(), query.title
                    # A reader of the copy that was there before keeps it.
                    assert held.execute("SELECT count(*) FROM core.uptime_check").fetchone() == before
                assert writer.poll() is None
            assert len(copies) >= 2
        finally:
            writer.kill()
            writer.communicate()
