"""A collector that is killed loses nothing it had fetched; one that is alive is left alone."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors import archive as archive_module
from collectors import ledger
from collectors.archive import Archive, ArchiveBusyError
from collectors.evidence import Fetched, RegulationRecord
from collectors.institution import CONFIG_SOURCE, read_institution
from collectors.ledger import LEDGER, ArchiveError
from collectors.regulations import parse
from flows.collect import capture_institution, collect
from tests.test_archive import append, page, run_of
from tests.test_http import Handler, Site, running
from tests.test_reach import FILE
from warehouse.connection import writing
from warehouse.load import load

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGES = 30
COLLECT = """
import sys
from datetime import datetime
from pathlib import Path
from collectors.archive import Archive
from flows.collect import collect
collect(Path(sys.argv[1]), Archive(Path(sys.argv[2])), clock=lambda: datetime.fromisoformat(sys.argv[3]))
"""


class Listing:
    """Thirty pages; the answer to the one in `held` is begun and never ended."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.archive, self.config = site, Archive(folder / "arsip"), folder / "uji.yml"
        self.held: int | None = None
        self.is_held = threading.Event()
        self.newest = "satu"
        for number in range(1, PAGES + 1):
            site.pages[f"/x?page={number}"] = lambda handler, at=number: self._answer(handler, at)  # type: ignore[misc]
        text = FILE.split("services:", maxsplit=1)[0].replace("URL", site.url("/x?page=1"))
        self.config.write_text(f"{text}allow_private_addresses: true\n")

    def _answer(self, handler: Handler, at: int) -> None:
        if at == self.held:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            self.is_held.set()
            self.site.closing.wait(20)
            return
        title = f"Perda Nomor {at} Tahun 2020 tentang {self.newest if at == 1 else at}"
        following = self.site.url(f"/x?page={at + 1}") if at < PAGES else None
        # The token changes the bytes of every answer, not what it shows.
        shown = {"data": [{"judul": title}], "next": following, "token": len(self.site.asked)}
        handler.answer(200, json.dumps(shown).encode())

    def start(self, hours: float, held: int) -> subprocess.Popen[bytes]:
        """A process of its own that collects until it waits for that page."""
        self.held = held
        self.is_held.clear()
        at = (NOON + timedelta(hours=hours)).isoformat()
        process = subprocess.Popen(
            [sys.executable, "-c", COLLECT, str(self.config), str(self.archive.root), at]
        )
        assert self.is_held.wait(20)
        return process

    def kill(self, hours: float, held: int) -> None:
        """Such a process, killed as it waits."""
        process = self.start(hours, held)
        process.kill()
        assert process.wait() == -signal.SIGKILL

    def collect(self, hours: float) -> list[int]:
        """The pages that a whole run asks for."""
        self.held = None
        before = len(self.site.asked)
        (result,) = collect(self.config, self.archive, clock=lambda: NOON + timedelta(hours=hours))
        assert result.outcome == "ok"
        return [int(path.split("=")[1]) for path, _ in self.site.asked[before:] if path != "/robots.txt"]

    def titles(self) -> list[str]:
        """What the last run of the archive holds, as read from it."""
        file, _ = read_institution(self.config)
        _, captures = self.archive.read(self.archive.ledger("kota-uji", "jdih")[-1])
        records = parse(captures, file.sources[0]).records
        return [record.title for record in records if isinstance(record, RegulationRecord)]


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


@pytest.fixture
def listing(site: Site, tmp_path: Path) -> Listing:
    return Listing(site, tmp_path)


@pytest.mark.e2e
def test_the_run_after_a_kill_asks_only_for_the_first_page_and_the_rest(
    listing: Listing, tmp_path: Path
) -> None:
    listing.kill(0, held=18)
    listing.kill(0.5, held=20)
    assert listing.collect(1) == [1, *range(20, 31)]
    assert listing.titles() == [
        f"Perda Nomor {n} Tahun 2020 tentang {'satu' if n == 1 else n}" for n in range(1, 31)
    ]
    runs = [listing.archive.read(entry) for entry in listing.archive.ledger("kota-uji", "jdih")]
    assert [(run.outcome, run.error, len(captures)) for run, captures in runs] == [
        ("failed", "killed", 17),
        ("failed", "killed", 19),
        ("ok", None, 30),
    ]
    assert [run.started_at for run, _ in runs] == [NOON + timedelta(hours=h) for h in (0, 0.5, 1)]
    assert runs[0][0].collector == "regulations"
    database = tmp_path / "gudang.duckdb"
    load(listing.archive, database, now=NOON + timedelta(hours=1))
    with writing(database, NOON + timedelta(hours=1)) as connection:
        counted = connection.execute("SELECT count(*) FROM core.regulation WHERE valid_to IS NULL").fetchone()
    assert counted == (30,)


@pytest.mark.e2e
def test_nothing_is_lost_of_a_run_whose_successor_was_killed_as_it_took_its_pages_over(
    listing: Listing,
) -> None:
    listing.kill(0, held=18)
    listing.kill(0.5, held=18)
    (warc,) = listing.archive.folder("kota-uji", "jdih").glob("*.warc.gz")
    (first,) = listing.archive.ledger("kota-uji", "jdih")
    os.truncate(warc, (first.offset + first.length + warc.stat().st_size) // 2)
    assert listing.collect(1) == [1, *range(18, 31)]
    assert len(listing.titles()) == 30


@pytest.mark.e2e
def test_a_listing_that_shifted_after_a_kill_is_read_anew(listing: Listing) -> None:
    listing.kill(0, held=18)
    listing.newest = "baru"
    assert listing.collect(1) == list(range(1, 31))
    assert listing.titles()[0].endswith("baru")


@pytest.mark.e2e
def test_a_run_that_is_alive_keeps_its_source(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_LOCK_SECONDS", 0.3)
    process = listing.start(0, held=5)
    try:
        folder = listing.archive.folder("kota-uji", "jdih")
        (warc,) = folder.glob("*.warc.gz")
        before = warc.read_bytes()
        with pytest.raises(ArchiveBusyError, match=f"process {process.pid} is collecting"):
            collect(listing.config, listing.archive, clock=lambda: NOON + timedelta(hours=1))
        assert warc.read_bytes() == before
        assert not (folder / LEDGER).exists()
    finally:
        process.kill()
        process.wait()


def leave(archive: Archive, *bodies: bytes) -> Path:
    """A run that stops before it ends, and its file."""
    with archive.appending(run_of()) as appender:
        for number, body in enumerate(bodies):
            appender.add(page(body, url=f"http://contoh.test/{number}"))
    (warc,) = archive.folder("kota-contoh", "jdih").glob("*.warc.gz")
    return warc


def shown(archive: Archive) -> list[tuple[str, list[bytes]]]:
    runs = [archive.read(entry) for entry in archive.ledger("kota-contoh", "jdih")]
    return [(run.error or run.outcome, [c.payload for c in captures]) for run, captures in runs]


def test_wherever_a_run_was_cut_its_whole_documents_are_kept(tmp_path: Path) -> None:
    bodies = (b"satu", os.urandom(40_000), b"tiga")
    whole = leave(Archive(tmp_path / "asal"), *bodies).read_bytes()
    counts = []
    for length in [*range(0, 2000, 97), *range(2000, len(whole), 4001), len(whole)]:
        archive = Archive(tmp_path / str(length))
        leave(archive).write_bytes(whole[:length])
        archive.recover(run_of())
        append(archive, page(b"lain", url="http://contoh.test/lain"))
        *killed, last = shown(archive)
        assert last == ("ok", [b"lain"])
        counts.append(len(killed[0][1]) if killed else 0)
        assert killed in ([], [("killed", list(bodies[: counts[-1]]))])
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}


@pytest.mark.parametrize("stray", [b"bukan rekaman WARC sama sekali", b"\x00" * 300, b""])
def test_whole_members_that_hold_no_record_are_cut(tmp_path: Path, stray: bytes) -> None:
    archive = Archive(tmp_path)
    warc = leave(archive, b"satu")
    warc.write_bytes(warc.read_bytes() + gzip.compress(stray))
    archive.recover(run_of())
    append(archive, page(b"dua", url="http://contoh.test/2"))
    assert shown(archive) == [("killed", [b"satu"]), ("ok", [b"dua"])]


def test_a_run_that_had_ended_only_lacks_its_line(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    append(archive, page(b"satu"))
    entry = append(archive, page(b"satu"), page(b"dua", url="http://contoh.test/2"))
    kept = archive.folder("kota-contoh", "jdih") / LEDGER
    first, second, _ = kept.read_bytes().split(b"\n")
    kept.write_bytes(first + b"\n" + second[:-9])
    archive.recover(run_of())
    again = archive.ledger("kota-contoh", "jdih")[1]
    assert (again.run_id, again.offset, again.sha256) == (entry.run_id, entry.offset, entry.sha256)
    assert again.records == entry.records
    assert shown(archive) == [("ok", [b"satu"]), ("ok", [b"satu", b"dua"])]


def test_what_another_day_left_is_vouched_for_in_its_own_file(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    warc = leave(archive, b"satu")
    kept = warc.rename(warc.with_name("2026-03-01.warc.gz"))
    append(archive, page(b"dua", url="http://contoh.test/2"))
    assert [entry.file for entry in archive.ledger("kota-contoh", "jdih")] == [kept.name, warc.name]
    assert shown(archive) == [("killed", [b"satu"]), ("ok", [b"dua"])]


def test_a_recovery_that_is_stopped_is_done_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    leave(archive, b"satu", b"dua")
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append_line", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            archive.recover(run_of())
    assert shown(archive) == []
    archive.recover(run_of())
    archive.recover(run_of())
    assert shown(archive) == [("killed", [b"satu", b"dua"])]


def test_a_file_of_the_institution_left_by_a_killed_run_is_captured_again(listing: Listing) -> None:
    file, text = read_institution(listing.config)
    with listing.archive.appending(replace(run_of(CONFIG_SOURCE), institution="kota-uji")) as appender:
        appender.add(Fetched("file:uji.yml", NOON, None, "", (), text.encode()))
    for _ in range(2):
        capture_institution(file, text, listing.config, listing.archive, lambda: NOON)
    entries = listing.archive.ledger("kota-uji", CONFIG_SOURCE)
    assert [listing.archive.read(entry)[0].error for entry in entries] == ["killed", None]


def test_the_archive_still_says_when_it_was_changed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    append(archive, page(b"satu"))
    warc = leave(archive, b"satu", b"dua")
    archive.recover(run_of())
    content = bytearray(warc.read_bytes())
    content[-100] ^= 1
    warc.write_bytes(content)
    with pytest.raises(ArchiveError, match="ledger line 2"):
        archive.read(archive.ledger("kota-contoh", "jdih")[-1])
