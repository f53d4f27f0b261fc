"""What loading makes of an archive: history, held rows, the institution's file, and two loaders at once."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.archive import Archive, new_run_id
from collectors.evidence import Fetched, Run
from collectors.institution import CONFIG_SOURCE
from tests.test_institution import GOOD
from tests.warehouse_rows import warehouse_with
from warehouse.connection import execute, statement, writing
from warehouse.load import LoadResult, load
from warehouse.records import MERGE_FOLDER
from warehouse.score import score
from warehouse.score_rows import QUERIES

pytestmark = pytest.mark.e2e

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Feed:
    """An archive that is fed by hand, and the warehouse loaded from it."""

    def __init__(self, folder: Path, config: str = GOOD) -> None:
        self.archive, self.warehouse, self.now = Archive(folder / "archive"), folder / "w.duckdb", START
        self.keep(CONFIG_SOURCE, "file:uji.yml", config.encode(), None)

    def keep(
        self, source: str, url: str, body: bytes, status: int | None = 200, coding: str = "identity"
    ) -> None:
        """Archive one run that held one document."""
        self.now += HOUR
        run = Run(new_run_id(), "kota-uji", source, "-", self.now, self.now, "ok")
        with self.archive.appending(run) as appender:
            kind = (("Content-Type", "application/json"), ("Content-Encoding", coding))
            appender.add(Fetched(url, self.now, status, "OK", kind, body))
            appender.finish(run, self.now)

    def listing(self, *titles: tuple[str, str, str]) -> list[LoadResult]:
        """Archive a JDIHN feed of (number, title, status), and load it."""
        rows = [
            {
                "idData": number, "jenis": "Peraturan Wali Kota", "noPeraturan": number, "tahun_pengundangan": "2023",
                "judul": title, "status": status,
            }
            for number, title, status in titles
        ]  # fmt: skip
        self.keep("jdih", "https://jdih.uji.go.id/x", json.dumps(rows).encode())
        return load(self.archive, self.warehouse, now=self.now)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with writing(self.warehouse, self.now) as connection:
            return connection.execute(sql).fetchall()


HISTORY = "SELECT number, status, valid_from, valid_to FROM core.regulation ORDER BY number, valid_from"
A = ("1", "Peraturan Wali Kota Nomor 1 Tahun 2023 tentang Arsitektur SPBE", "Berlaku")
B = ("2", "Peraturan Wali Kota Nomor 2 Tahun 2023 tentang Pusat Data", "Berlaku")
C = ("3", "Peraturan Wali Kota Nomor 3 Tahun 2023 tentang Audit TIK", "Berlaku")


def test_a_body_that_ended_early_is_refused_and_takes_nothing_away(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B)
    whole = gzip.compress(json.dumps([{"judul": title} for _, title, _ in (A, B, C)]).encode())
    feed.keep("jdih", "https://jdih.uji.go.id/x", whole[:-12], coding="gzip")
    (result,) = load(feed.archive, feed.warehouse, now=feed.now)
    assert result.outcome == "refused"
    assert "ends early" in result.message
    assert feed.rows("SELECT count(*) FROM ops.quarantine") == [(1,)]
    assert [number for number, *_, until in feed.rows(HISTORY) if until is None] == ["1", "2"]


def test_history_says_since_when_and_until_when(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B)
    first = feed.now
    feed.listing(A, B)
    feed.listing((A[0], A[1], "Tidak Berlaku"), C)
    then = feed.now
    assert feed.rows(HISTORY) == [
        ("1", "berlaku", first, then),
        ("1", "dicabut", then, None),
        ("2", "berlaku", first, then),
        ("3", "berlaku", then, None),
    ]


def test_runs_of_a_source_are_taken_in_their_order_also_where_the_clock_went_back(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    for hours in (0, 8, -5):
        feed.now += hours * HOUR
        feed.keep("jdih", "https://jdih.uji.go.id/x", b"rusak")
    assert [result.outcome for result in load(feed.archive, feed.warehouse, now=feed.now)] == [
        "loaded",
        *["refused"] * 3,
    ]
    lines = "SELECT content->>'line' FROM ops.operation WHERE content->>'source' = 'jdih' ORDER BY seq"
    assert feed.rows(lines) == [("1",), ("2",), ("3",)]


def test_the_last_good_run_is_that_of_the_last_line_also_where_the_clock_went_back(tmp_path: Path) -> None:
    with writing(tmp_path / "w.duckdb", START) as connection:
        connection.execute(
            "INSERT INTO ops.load (institution, source, outcome, ledger_seq, rows_loaded, observed_at) "
            "VALUES ('kota-uji', 'jdih', 'loaded', 0, 100, $later), ('kota-uji', 'jdih', 'loaded', 1, 60, $earlier), "
            "('kota-uji', 'jdih', 'refused', 2, 0, $later)",
            {"later": START + HOUR, "earlier": START},
        )
        found = connection.execute(statement(MERGE_FOLDER / "last_good.sql")).fetchall()
    assert found == [("kota-uji", "jdih", 60)]


@pytest.mark.parametrize(("before", "least"), [(1, 1), (3, 2), (6, 3)], ids=lambda rows: f"{rows}")
def test_a_listing_with_fewer_than_half_of_its_last_good_rows_is_refused(
    tmp_path: Path, before: int, least: int
) -> None:
    feed = Feed(tmp_path)
    rows = [
        (str(n), f"Peraturan Wali Kota Nomor {n} Tahun 2023 tentang Hal {n}", "Berlaku") for n in range(9)
    ]
    feed.listing(*rows[:before])
    if least > 1:
        (short,) = feed.listing(*rows[: least - 1])
        assert (short.outcome, short.message) == ("refused", f"jumlah peraturan di bawah batas: {least - 1}")
    (enough,) = feed.listing(*rows[:least])
    assert (enough.outcome, enough.loaded) == ("loaded", least)


@pytest.mark.parametrize(("before", "least"), [(9, 9), (10, 9)], ids=lambda rows: f"{rows}")
def test_a_register_that_lost_more_than_a_tenth_is_refused(tmp_path: Path, before: int, least: int) -> None:
    at = "{id: pernyataan, collector: attestations, agency: diskominfo, cadence: registry, path: drop}"
    feed = Feed(tmp_path, GOOD.replace("sources:", f"sources:\n- {at}"))
    found = [_register(feed, rows) for rows in (before, least - 1, least)]
    assert [(one.outcome, one.loaded) for one in found] == [
        ("loaded", before),
        ("refused", 0),
        ("loaded", least),
    ]


def _register(feed: Feed, rows: int) -> LoadResult:
    """Archive a register of so many statements with their file, and load it."""
    head = "kriteria,pernyataan,penandatangan,jabatan,tanggal,cakupan,berkas,sha256"
    proof = b"risalah"
    said = "terpenuhi,Pejabat Contoh,Kepala,2026-02-03"
    lines = [f"I13.3,{said},unit {n},risalah.txt,{hashlib.sha256(proof).hexdigest()}" for n in range(rows)]
    body = "\n".join([head, *lines]).encode()
    feed.now += HOUR
    run = Run(new_run_id(), "kota-uji", "pernyataan", "attestations", feed.now, feed.now, "ok")
    with feed.archive.appending(run) as appender:
        for name, content in (("register.csv", body), ("risalah.txt", proof)):
            appender.add(Fetched(f"file:{name}", feed.now, None, "", (), content))
        appender.finish(run, feed.now)
    return load(feed.archive, feed.warehouse, now=feed.now)[-1]


def test_a_row_that_the_gate_holds_back_does_not_end_what_was_known(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    others = [
        (str(n), f"Peraturan Wali Kota Nomor {n} Tahun 2023 tentang Hal {n}", "Berlaku")
        for n in range(10, 30)
    ]
    feed.listing(B, *others)
    result = feed.listing((B[0], "Nomor 2 Tahun 2023 " + "x" * 3000, "Berlaku"), *others)[-1]
    assert (result.outcome, result.loaded, result.quarantined) == ("loaded", 20, 1)
    ((_, _, _, until),) = [row for row in feed.rows(HISTORY) if row[0] == "2"]
    assert until is None


def test_a_changed_file_of_the_institution_begins_when_it_was_captured(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    load(feed.archive, feed.warehouse, now=feed.now)
    feed.keep(CONFIG_SOURCE, "file:uji.yml", GOOD.replace('"2026": "4.50"', '"2026": "4.60"').encode(), None)
    load(feed.archive, feed.warehouse, now=feed.now)
    found = feed.rows("SELECT target::VARCHAR, valid_from, valid_to FROM core.target ORDER BY valid_from")
    assert found == [("4.50", START + HOUR, feed.now), ("4.60", feed.now, None)]


def test_each_entry_is_read_by_the_file_of_its_time(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.keep("jdih", "https://jdih.uji.go.id/x", b"[]")
    feed.keep(CONFIG_SOURCE, "file:uji.yml", GOOD.replace("id: jdih", "id: jdih-baru").encode(), None)
    feed.keep("jdih", "https://jdih.uji.go.id/x", b"[]")
    results = [r for r in load(feed.archive, feed.warehouse, now=feed.now) if r.source == "jdih"]
    assert "empty" in results[0].message
    assert "no source 'jdih'; there are: jdih-baru" in results[1].message


def test_a_file_that_this_program_cannot_read_is_refused_and_the_one_before_it_stands(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    unknown = GOOD.replace("kind: kota}", "kind: kota, dulu: ya}")
    feed.keep(CONFIG_SOURCE, "file:uji.yml", unknown.encode(), None)
    feed.keep("jdih", "https://jdih.uji.go.id/x", b"rusak")
    results = load(feed.archive, feed.warehouse, now=feed.now)
    assert [(one.source, one.outcome) for one in results] == [
        (CONFIG_SOURCE, "loaded"),
        (CONFIG_SOURCE, "refused"),
        ("jdih", "refused"),
    ]
    assert "institution.dulu: unknown key" in results[1].message
    assert "institution" not in results[2].message
    assert feed.rows("SELECT count(*) FROM core.institution") == [(1,)]


def test_a_date_scored_after_the_fact_wakes_nobody(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    score(feed.warehouse, as_of=feed.now, now=feed.now)
    feed.listing((A[0], A[1], "Tidak Berlaku"), B, C)
    repealed = feed.now
    feed.listing(A, B, C)
    score(feed.warehouse, as_of=feed.now, now=feed.now)
    told = feed.rows("SELECT event_key FROM ops.outbox ORDER BY ALL")
    (late,) = score(feed.warehouse, as_of=repealed, now=feed.now)
    assert late.is_new
    assert [c.indicator for c in late.changes] == ["1", "11"]
    assert late.alerts == ()
    assert feed.rows("SELECT event_key FROM ops.outbox ORDER BY ALL") == told


def test_two_documents_of_one_number_are_kept_apart(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.listing(A)
    feed.listing(A, (A[0], A[1] + " (Lampiran)", "Berlaku"))
    assert [row[3] for row in feed.rows(HISTORY)] == [None, None]


LOADER = """
import sys, datetime, pathlib
from collectors.archive import Archive
from warehouse.load import load
folder = pathlib.Path(sys.argv[1])
sys.stdin.readline()
load(Archive(folder / "archive"), folder / "w.duckdb", now=datetime.datetime.fromisoformat(sys.argv[2]))
"""


@pytest.mark.e2e
def test_two_loaders_at_once_load_nothing_twice(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    for _ in range(12):
        rows = [
            {"judul": f"{A[1]} {n}", "noPeraturan": str(n), "tahun_pengundangan": "2023"} for n in range(5)
        ]
        feed.keep("jdih", "https://jdih.uji.go.id/x", json.dumps(rows).encode())
    command = [sys.executable, "-c", LOADER, str(tmp_path), feed.now.isoformat()]
    loaders = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for loader in loaders:
        assert loader.stdin is not None
        loader.stdin.write(b"go\n")
        loader.stdin.flush()
    for loader in loaders:
        _, said = loader.communicate(timeout=120)
        assert loader.returncode == 0, said.decode()
    assert feed.rows("SELECT count(*), count(DISTINCT entry_id) FROM ops.load") == [(13, 13)]
    assert feed.rows("SELECT count(*) FROM raw.regulation") == [(60,)]
    assert feed.rows("SELECT count(*) FROM core.observation") == [(13,)]


def test_an_attestation_is_good_through_its_last_day_where_the_institution_is() -> None:
    ago = datetime(2026, 1, 1, tzinfo=UTC)
    with warehouse_with(
        {
            "institution": [{"institution": "kota-a", "time_zone": "Asia/Jakarta"}],
            "freshness": [
                {"institution": "kota-a", "kind": "attestation", "ttl": timedelta(days=10), "valid_from": ago}
            ],
            "attestation": [
                {
                    "institution": "kota-a", "instrument": "spbe-2020", "criterion": code, "signed_on": date(2026, 4, 1),
                    "expires_on": expires, "valid_from": ago, "attestation_key": code,
                }
                for code, expires in (("I01.3", date(2026, 5, 1)), ("I01.4", None))
            ],
        }
    ) as connection:  # fmt: skip
        found = execute(
            connection,
            "SELECT criterion, make_timestamp(signed_us) AT TIME ZONE 'UTC', "
            "make_timestamp(expires_us) AT TIME ZONE 'UTC' FROM ("
            + statement(QUERIES / "attestations.sql")
            + ")",
            {
                "as_of": datetime(2026, 4, 20, tzinfo=UTC),
                "is_later": False,
                "instrument": "spbe-2020",
                "institutions": ["kota-a"],
            },
        ).fetchall()
    midnight = datetime(2026, 3, 31, 17, tzinfo=UTC)
    assert found == [
        ("I01.3", midnight, datetime(2026, 5, 1, 17, tzinfo=UTC)),
        ("I01.4", midnight, midnight + timedelta(days=10)),
    ]


def test_an_attestation_counts_from_the_day_it_takes_effect_and_never_before_it_is_signed() -> None:
    ago, signed = datetime(2026, 1, 1, tzinfo=UTC), date(2026, 4, 1)
    with warehouse_with(
        {
            "institution": [{"institution": "kota-a", "time_zone": "Asia/Jakarta"}],
            "freshness": [
                {"institution": "kota-a", "kind": "attestation", "ttl": timedelta(days=10), "valid_from": ago}
            ],
            "attestation": [
                {
                    "institution": "kota-a", "instrument": "spbe-2020", "criterion": code, "signed_on": signed,
                    "effective_on": effective, "valid_from": ago, "attestation_key": code,
                }
                for code, effective in (("I01.3", date(2026, 5, 1)), ("I01.4", date(2025, 1, 1)))
            ],
        }
    ) as connection:  # fmt: skip

        def standing(*moment: int) -> list[tuple[str, datetime]]:
            return execute(
                connection,
                "SELECT criterion, make_timestamp(expires_us) AT TIME ZONE 'UTC' FROM ("
                + statement(QUERIES / "attestations.sql")
                + ")",
                {
                    "as_of": datetime(*moment, tzinfo=UTC),  # type: ignore[arg-type,misc]
                    "is_later": False,
                    "instrument": "spbe-2020",
                    "institutions": ["kota-a"],
                },
            ).fetchall()

        signed_at, effective_at = datetime(2026, 3, 31, 17, tzinfo=UTC), datetime(2026, 4, 30, 17, tzinfo=UTC)
        assert standing(2026, 3, 31, 16, 59) == []
        assert standing(2026, 4, 30, 16, 59) == [("I01.4", signed_at + timedelta(days=10))]
        assert ("I01.3", effective_at + timedelta(days=10)) in standing(2026, 4, 30, 17)
