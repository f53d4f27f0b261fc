"""Full disks, folders that cannot be written, damaged files: nothing kept is lost, and it is said in a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collectors.archive import Archive
from collectors.evidence import Fetched, RegulationRecord
from collectors.institution import CONFIG_SOURCE
from collectors.ledger import ArchiveError
from flows import collect as collect_stage
from flows.cli import _explain_failure
from flows.notify import notify
from flows.places import Places
from flows.publish import _replace, publish
from tests.small_disk import SmallDisk, small_disk
from tests.test_institution import GOOD
from tests.test_load import A, B, C, Feed
from warehouse.connection import storage_errors, writing
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.load import load
from warehouse.locks import only_one
from warehouse.staging import Staging

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=24) as mounted:
        yield mounted


def said(error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command line prints of it: foreseen, so no call for a report, and exit code 1."""
    assert _explain_failure(error) == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "defect" not in text
    return text


def fed(folder: Path, archive: Path) -> Feed:
    """A feed whose archive is elsewhere than its warehouse."""
    feed = Feed(folder)
    feed.archive = Archive(archive)
    feed.keep(CONFIG_SOURCE, "file:uji.yml", GOOD.encode(), None)
    return feed


COUNTS = (
    "SELECT (SELECT count(*) FROM ops.load), (SELECT count(*) FROM raw.regulation), "
    "(SELECT count(*) FROM core.regulation)"
)


def test_a_load_on_a_full_disk_keeps_what_was_loaded_and_goes_on_later(
    disk: SmallDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = fed(disk.root, tmp_path / "archive")
    feed.listing(A, B)
    before = feed.rows(COUNTS)
    disk.fill()
    with pytest.raises(WarehouseError) as failed:
        feed.listing(A, B, C)
    assert f"{feed.warehouse}" in said(failed.value, capsys)
    assert "the disk is full" in str(failed.value)
    assert feed.rows(COUNTS) == before
    disk.free()
    (again,) = load(feed.archive, feed.warehouse, now=feed.now)
    assert (again.outcome, again.loaded) == ("loaded", 3)
    assert feed.rows(COUNTS) == [(3, 5, 3)]


def test_a_large_batch_on_a_full_disk_is_told_too(disk: SmallDisk) -> None:
    blank: dict[str, Any] = {field.name: None for field in fields(RegulationRecord)}
    records = [
        RegulationRecord(
            **(blank | {"title": os.urandom(300).hex(), "regulation_key": str(n), "relations": "[]"})
        )
        for n in range(1000)
    ]
    disk.fill(but=1024 * 1024)
    with (
        pytest.raises(WarehouseError, match="the disk is full"),
        storage_errors(disk.root / "w.duckdb"),
        Staging(disk.root) as staging,
    ):
        for _ in range(200):
            staging.keep("regulation", records)
    assert not [*disk.root.glob(".staging-*")]


def test_a_folder_that_cannot_be_written_is_named(
    disk: SmallDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = fed(disk.root, tmp_path / "archive")
    feed.listing(A)
    places = Places(disk.root)
    places.warehouse.symlink_to(feed.warehouse.name)
    with disk.read_only():
        for attempt in (
            lambda: load(feed.archive, feed.warehouse, now=feed.now),
            lambda: publish(places, now=feed.now),
            lambda: notify(places, now=feed.now, environment={}),
            lambda: collect_stage._archived("kota-uji", "jdih", "x", iter(()), Archive(disk.root / "arsip"), lambda: NOON),
        ):  # fmt: skip
            with pytest.raises((WarehouseError, ArchiveError)) as failed:
                attempt()
            text = said(failed.value, capsys)
            assert "Read-only file system" in text
            assert str(disk.root) in text
    assert feed.rows(COUNTS) == [(2, 1, 1)]


def document(number: int, body: bytes) -> Fetched:
    return Fetched(f"http://uji.test/{number}", NOON, 200, "OK", (("Content-Type", "text/html"),), body)


def test_a_disk_that_fills_up_while_collecting_leaves_no_torn_bytes_behind_a_ledger_line(
    disk: SmallDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = Archive(disk.root / "archive")

    moments = 0

    def clock() -> datetime:
        nonlocal moments
        moments += 1
        if moments > 4:  # the run has failed, and is about to be written down
            disk.free()
        return NOON

    def collected(*bodies: bytes) -> object:
        documents = (document(number, body) for number, body in enumerate(bodies))
        return collect_stage._archived("kota-uji", "jdih", "regulations", documents, archive, clock)

    collected(b"satu")
    disk.fill(but=512 * 1024)
    # The second does not fit; the record of the run would, as there is space again by then.
    with pytest.raises(ArchiveError) as failed:
        collected(b"dua", os.urandom(2 * 1024 * 1024), b"tiga")
    assert str(disk.root) in said(failed.value, capsys)
    assert "No space left on device" in str(failed.value)
    assert len(archive.ledger("kota-uji", "jdih")) == 1
    disk.free()
    collected(b"empat")
    kept = [archive.read(entry) for entry in archive.ledger("kota-uji", "jdih")]
    assert [[c.payload for c in captures] for _, captures in kept] == [[b"satu"], [b"dua"], [b"empat"]]
    assert [run.error for run, _ in kept] == [None, "killed", None]


def test_a_publication_on_a_full_disk_leaves_the_copy_and_the_page_as_they_were(
    disk: SmallDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B)
    places = Places(disk.root)
    places.warehouse.symlink_to(feed.warehouse)
    places.published.parent.mkdir()
    places.published.write_bytes(b"the copy before")
    disk.fill(but=64 * 1024)
    with pytest.raises(WarehouseError) as failed:
        publish(places, now=feed.now)
    assert "the disk is full" in said(failed.value, capsys)
    assert str(places.published.parent) in str(failed.value)
    assert places.published.read_bytes() == b"the copy before"
    page = places.page("kota-uji")
    page.write_text("the page before")
    with pytest.raises(WarehouseError) as failed:
        _replace(page, "x" * 1024 * 1024)
    assert f"{page}: cannot be written (No space left on device)" in said(failed.value, capsys)
    assert page.read_text() == "the page before"
    assert {path.name for path in places.published.parent.iterdir()} == {
        places.published.name, f".{places.published.name}.lock", ".pages.lock", page.name,
    }  # fmt: skip


def with_alerts(folder: Path) -> Places:
    places = Places(folder)
    with writing(places.warehouse, NOON) as connection:
        connection.execute(
            "INSERT INTO ops.outbox BY NAME SELECT 'kunci-' || n AS event_key, 'kota-uji' AS institution, "
            "'jatuh' AS line, '{\"event_key\": \"kunci-' || n || '\"}' AS payload, n AS ordinal, "
            "now() AS created_at FROM range(3) AS t(n)"
        )
    return places


def keys_told(places: Places) -> list[str]:
    return [json.loads(line)["event_key"] for line in places.messages.read_text().splitlines()]


def test_half_a_line_of_alerts_is_written_again_whole(tmp_path: Path) -> None:
    places = with_alerts(tmp_path)
    places.messages.write_text('{"event_key": "lama"}\n{"event_key": "kunci-0", "li')
    notify(places, now=NOON, environment={})
    assert keys_told(places) == ["lama", "kunci-0", "kunci-1", "kunci-2"]


def test_alerts_that_found_a_full_disk_are_delivered_once_there_is_space(
    disk: SmallDisk, tmp_path: Path
) -> None:
    places = with_alerts(tmp_path)
    places.messages.symlink_to(disk.root / "peringatan.jsonl")
    disk.fill()
    (failed,) = notify(places, now=NOON, environment={})
    assert "No space left on device" in (failed.error or "")
    disk.free()
    (sent,) = notify(places, now=NOON, environment={})
    assert (sent.events, sent.error) == (3, None)
    assert keys_told(places) == ["kunci-0", "kunci-1", "kunci-2"]
    assert notify(places, now=NOON, environment={}) == []


def test_who_delivers_alerts_at_the_same_time_is_named(tmp_path: Path) -> None:
    target = tmp_path / "peringatan.jsonl"
    with (
        only_one(target, "delivering alerts"),
        pytest.raises(WarehouseBusyError, match=f"process {os.getpid()} is delivering alerts"),
        only_one(target, "delivering alerts", wait_seconds=0.2),
    ):
        pass


def left_with_wal(warehouse: Path) -> Path:
    """Two transactions that are in the WAL only, as a kill leaves them."""
    with writing(warehouse, NOON):
        pass
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{warehouse}' AS w")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    for entry in ("satu", "dua"):
        connection.execute("INSERT INTO w.ops.load (entry_id) VALUES ($entry)", {"entry": entry})
    connection.close()
    return warehouse.with_name(f"{warehouse.name}.wal")


def test_what_a_kill_left_in_the_wal_is_there(tmp_path: Path) -> None:
    left_with_wal(tmp_path / "w.duckdb")
    with writing(tmp_path / "w.duckdb", NOON) as connection:
        assert connection.execute("SELECT entry_id FROM ops.load").fetchall() == [("satu",), ("dua",)]


def test_a_damaged_wal_is_named_and_nothing_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = tmp_path / "w.duckdb"
    wal = left_with_wal(warehouse)
    content = bytearray(wal.read_bytes())
    content[len(content) // 2 - 20] ^= 0xFF
    wal.write_bytes(content)
    whole = warehouse.read_bytes()
    with pytest.raises(WarehouseError) as failed, writing(warehouse, NOON):
        pass
    assert f"{wal}: is damaged; move it away, then run pantau load" in said(failed.value, capsys)
    assert (wal.read_bytes(), warehouse.read_bytes()) == (bytes(content), whole)
    wal.unlink()
    with writing(warehouse, NOON) as connection:
        assert connection.execute("SELECT count(*) FROM ops.load").fetchone() == (0,)


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_a_damaged_warehouse_is_named_and_the_archive_makes_it_again(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B)
    before = feed.rows(COUNTS)
    content = bytearray(feed.warehouse.read_bytes())
    at = {"start": 100, "middle": len(content) // 2, "end": len(content) - 3 * 262144}[place]
    content[at : at + 3 * 262144] = b"\xa5" * len(content[at : at + 3 * 262144])
    feed.warehouse.write_bytes(content)
    with pytest.raises(WarehouseError) as failed:
        feed.rows("SELECT * FROM raw.regulation")
        feed.rows(COUNTS)
    assert f"{feed.warehouse}: is damaged" in said(failed.value, capsys)
    feed.warehouse.rename(tmp_path / "damaged.duckdb")
    load(feed.archive, feed.warehouse, now=feed.now)
    assert feed.rows(COUNTS) == before
