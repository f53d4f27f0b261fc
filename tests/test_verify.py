"""Whoever changes a byte, a row, a level or a published file after the fact is found out, and told where."""

from __future__ import annotations

import fcntl
import gzip
import json
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from collectors.archive import Archive
from collectors.archive_check import check_source
from collectors.institution import CONFIG_SOURCE, JOURNAL_SOURCE
from collectors.ledger import GENESIS, LEDGER, Entry, append_line
from flows.cli import app
from flows.places import Places
from flows.publish import publish
from tests.test_load import START, A, B, C
from tests.test_rebuild import Fed, copied
from warehouse.connection import writing
from warehouse.errors import WarehouseError
from warehouse.rebuild import rebuild
from warehouse.verify import Verified, verify

pytestmark = pytest.mark.e2e

Tampering = Callable[[Places], object]
AT = "kota-uji/jdih"


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Fed:
    """Two days of listings with a repeal, a score, an alert told, a published copy; to be copied."""
    fed = Fed(tmp_path_factory.mktemp("fed"))
    fed.listing(A, B, C)
    fed.listing(A, B, C)  # the same bytes: a revisit
    fed.now += timedelta(days=1)
    fed.listing((A[0], A[1], "Tidak Berlaku"), B, C)
    fed.score()
    publish(fed.places, now=fed.now)
    fed.tell()
    return fed


def verified(places: Places, fed: Fed) -> Verified:
    return verify(Archive(places.archive), places.warehouse, places.published, now=fed.now)


def warc(places: Places, source: str = "jdih", day: int = 0) -> Path:
    return sorted((places.archive / "kota-uji" / source).glob("*.warc.gz"))[day]


def ledger(places: Places, source: str = "jdih") -> Path:
    return places.archive / "kota-uji" / source / LEDGER


def flipped(places: Places, record_type: str, part: float) -> None:
    """Change one byte of the last record of that type, so far into it."""
    path = warc(places)
    entries = [
        entry for entry in Archive(places.archive).ledger("kota-uji", "jdih") if entry.file == path.name
    ]
    place = [place for entry in entries for place in entry.records if place.type == record_type][-1]
    content = bytearray(path.read_bytes())
    content[place.offset + int(place.length * part)] ^= 0x20
    path.write_bytes(content)


def lines(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))


def swapped(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def chained_anew(places: Places) -> None:
    """A ledger whose first line was changed and every later one made to follow from it again."""
    path = ledger(places)
    old = Archive(places.archive).ledger("kota-uji", "jdih")
    path.unlink()
    made: list[Entry] = []
    for entry in old:
        made.append(
            append_line(
                path, made, institution=entry.institution, source=entry.source, run_id=entry.run_id,
                file=entry.file, offset=entry.offset, length=entry.length, sha256=entry.sha256,
                recorded_at=entry.recorded_at - timedelta(days=9), records=entry.records,
            )
        )  # fmt: skip
    assert made[0].previous == GENESIS


def changed_gzip_time(places: Places) -> None:
    """Bytes that no checksum of the format covers."""
    content = bytearray(warc(places).read_bytes())
    content[4:8] = b"\x01\x02\x03\x04"
    warc(places).write_bytes(content)


def sql(statement: str) -> Tampering:
    def tampering(places: Places) -> None:
        with writing(places.warehouse, START) as connection:
            connection.execute(statement)

    return tampering


def appended(path: Path, content: bytes) -> None:
    with path.open("ab") as out:
        out.write(content)


IN_THE_ARCHIVE: dict[str, tuple[Tampering, str]] = {
    "payload byte": (
        lambda p: flipped(p, "response", 0.8),
        rf"{AT}/2026-03-02\.warc\.gz, byte \d+ \(response https://jdih\.uji\.go\.id/x, ledger\.jsonl line 1\)",
    ),
    "header byte": (
        lambda p: flipped(p, "revisit", 0.3),
        rf"{AT}/2026-03-02\.warc\.gz, byte \d+ \(revisit https://jdih\.uji\.go\.id/x, ledger\.jsonl line 2\)",
    ),
    "time of a gzip member": (
        changed_gzip_time,
        rf"{AT}/2026-03-02\.warc\.gz, bytes 0 to \d+: SHA-256 should be [0-9a-f]{{64}}, is .*line 1",
    ),
    "middle line removed": (
        lambda p: lines(ledger(p), lambda found: found[:1] + found[2:]),
        rf"{AT}/ledger\.jsonl, line 2: does not follow from the line before it",
    ),
    "last line removed": (
        lambda p: lines(ledger(p), lambda found: found[:-1]),
        rf"{AT}/ledger\.jsonl, line 3: is gone, the ledger ends with line 2; the warehouse has seen",
    ),
    "last line of the journal removed": (
        lambda p: lines(ledger(p, JOURNAL_SOURCE), lambda found: found[:-1]),
        r"operasi/ledger\.jsonl, line \d+: is gone",
    ),
    "line edited": (
        lambda p: lines(ledger(p), lambda found: [found[0].replace("+00:00", "+01:00"), *found[1:]]),
        rf"{AT}/ledger\.jsonl, line 2: does not follow",
    ),
    "last line edited": (
        lambda p: lines(ledger(p), lambda found: [*found[:-1], found[-1].replace("+00:00", "+01:00")]),
        rf"{AT}/ledger\.jsonl, line 3: was changed, its SHA-256 is",
    ),
    "whole chain made anew": (chained_anew, rf"{AT}/ledger\.jsonl, line 1: was changed, its SHA-256 is"),
    "line that is none": (
        lambda p: appended(ledger(p), b"{}\n"),
        rf"{AT}/ledger\.jsonl, line 4: not a ledger line",
    ),
    "file removed": (
        lambda p: warc(p, day=1).unlink(),
        rf"{AT}/2026-03-03\.warc\.gz: cannot be read \(No such file",
    ),
    "file cut short": (
        lambda p: warc(p).write_bytes(warc(p).read_bytes()[:-40]),
        rf"{AT}/2026-03-02\.warc\.gz: ends at byte \d+, should reach byte \d+ \(ledger\.jsonl line 2\)",
    ),
    "files swapped": (
        lambda p: swapped(warc(p), warc(p, day=1)),
        rf"{AT}/2026-03-02\.warc\.gz, byte 0 \(warcinfo, ledger\.jsonl line 1\): WARC-Record-ID",
    ),
    "ledger removed": (
        lambda p: ledger(p).unlink(),
        rf"{AT}/ledger\.jsonl, line 1: the ledger is gone; the warehouse has seen",
    ),
    "source removed": (lambda p: shutil.rmtree(ledger(p).parent), rf"{AT}/ledger\.jsonl, line 1: the ledger is gone"),
    "garbage after the records": (
        lambda p: appended(warc(p, day=1), b"sampah"),
        rf"{AT}/2026-03-03\.warc\.gz: 6 bytes from byte \d+ on were added",
    ),
    "another archive after the records": (
        lambda p: appended(warc(p, day=1), gzip.compress(b"bukan WARC")),
        rf"{AT}/2026-03-03\.warc\.gz: \d+ bytes from byte \d+ on were added",
    ),
    "garbage after the lines": (
        lambda p: appended(ledger(p), b"sampah"),
        rf"{AT}/ledger\.jsonl: 6 bytes were added after the last line",
    ),
    "ledger of another source": (
        lambda p: shutil.copytree(ledger(p, CONFIG_SOURCE).parent, ledger(p, "lain").parent),
        r"kota-uji/lain/ledger\.jsonl, line 1: is of kota-uji/institusi, not of this folder",
    ),
}  # fmt: skip

IN_THE_WAREHOUSE: dict[str, tuple[Tampering, str]] = {
    "raw row": (
        sql("UPDATE raw.regulation SET title = 'Lain' WHERE number = '2' AND captured_at > '2026-03-03'"),
        r"raw\.regulation: 1 rows are missing, 1 should not be there; the first: row .*"
        r"title should be Peraturan Wali Kota Nomor 2 Tahun 2023 tentang Pusat Data, is Lain",
    ),
    "core row": (
        sql("UPDATE core.regulation SET status = 'in_force' WHERE number = '1' AND valid_to IS NULL"),
        r"core\.regulation: 1 rows are missing, 1 .*status should be \w+, is in_force",
    ),
    "finding": (
        sql("UPDATE score.finding_set SET state = 'proven' WHERE criterion = (SELECT min(criterion) FROM score.finding "
            "WHERE state <> 'proven')"),
        r"score\.finding: 1 rows are missing, .*state should be \w+, is proven",
    ),
    "set of findings removed": (
        sql("DELETE FROM score.finding_set WHERE set_id = (SELECT set_id FROM score.level WHERE indicator = '1')"),
        r"score\.finding: \d+ rows are missing, 0 should not be there; the first: row .*indicator 1 is missing",
    ),
    "set that a level does not follow from": (
        sql("UPDATE score.level SET set_id = (SELECT set_id FROM score.level WHERE indicator = '2') "
            "WHERE indicator = '1'"),
        r"score\.finding: \d+ rows are missing, \d+ should not be there",
    ),
    "evidence of what moved": (
        sql("UPDATE score.level SET moved = map_from_entries(list_transform(map_entries(moved), lambda one: {'k': one.key, "
            "'v': struct_update(one.value, observed_at := one.value.observed_at + INTERVAL 1 DAY)})) "
            "WHERE moved IS NOT NULL"),
        r"score\.finding: \d+ rows are missing, .*observed_at should be \S+ \S+, is \S+",
    ),
    "what moved removed": (
        sql("UPDATE score.level SET moved = NULL"),
        r"score\.finding: \d+ rows are missing, .*evidence_ids should be \S+, is nothing",
    ),
    "level": (
        sql("UPDATE score.level SET proven = proven + 1 WHERE indicator = 1"),
        r"score\.level: 1 rows are missing, .*indicator 1.*proven should be \S+, is \S+",
    ),
    "index": (
        sql("UPDATE score.aggregate SET provisional = 4.5 WHERE scope = 'index'"),
        r"score\.aggregate: 1 rows are missing, .*provisional should be \S+, is 4\.5",
    ),
    "score run deleted": (
        sql("DELETE FROM score.run"),
        r"score\.run: 1 rows are missing, 0 should not be there; the first: row .*is missing",
    ),
    "operation deleted": (
        sql("DELETE FROM ops.operation WHERE kind = 'score'"),
        r"ops\.operation: row institution kota-uji, seq \d+: should be the score of 2026-03-03",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_ARCHIVE)
def test_tampering_with_files_is_caught_and_named(two_days: Fed, tmp_path: Path, name: str) -> None:
    caught(two_days, tmp_path, *IN_THE_ARCHIVE[name])


@pytest.mark.parametrize("name", IN_THE_WAREHOUSE)
def test_tampering_with_rows_is_caught_and_named(two_days: Fed, tmp_path: Path, name: str) -> None:
    caught(two_days, tmp_path, *IN_THE_WAREHOUSE[name])


def caught(fed: Fed, folder: Path, tampering: Tampering, named: str) -> None:
    places = copied(fed, folder / "data")
    tampering(places)
    broken = verified(places, fed).broken
    assert broken
    assert re.search(named, broken[0]), broken[0]
    assert re.search("restore it from a backup|removed|pantau (collect|rebuild|publish)", broken[0])


def test_what_is_healthy_is_left_alone(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    before = {path: path.read_bytes() for path in places.root.rglob("*") if path.is_file()}
    found = verified(places, two_days)
    assert (found.broken, found.left, found.pending, found.taken) == ((), (), 0, 0)
    assert (found.sources, found.entries) == (3, 6)
    assert found.size == sum(path.stat().st_size for path in places.archive.rglob("*.warc.gz"))
    assert {path: path.read_bytes() for path in places.root.rglob("*") if path.is_file()} == before

    rebuild(Archive(places.archive), places.warehouse, now=two_days.now)
    assert verified(places, two_days).broken == ()


def test_torn_bytes_and_entries_that_wait_are_no_fault(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    fed = Fed.__new__(Fed)
    fed.archive, fed.now = Archive(places.archive), two_days.now
    fed.keep("jdih", "https://jdih.uji.go.id/x", b"[]")
    # A run that was killed: its records whole but the last, of its ledger line the beginning.
    whole = warc(places).read_bytes()
    appended(warc(places, day=1), whole[: len(whole) // 2])
    line = ledger(places).read_bytes().splitlines()[0]
    appended(ledger(places), line[: len(line) // 2])
    found = verified(places, two_days)
    assert (found.broken, found.pending) == ((), 1)
    assert [re.sub(r".*/(.*): \d+.*", r"\1", what) for what in found.left] == ["2026-03-03.warc.gz", LEDGER]


def test_changed_published_files_are_named(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    appended(places.published, b"x")
    places.page("kota-uji").unlink()
    page, copy = verified(places, two_days).broken
    assert re.search(r"published/kota-uji\.html: it is gone, .*pantau publish", page)
    assert re.search(
        r"published/pantau\.duckdb: its SHA-256 is [0-9a-f]{64}, .* with [0-9a-f]{64}; pantau", copy
    )


def test_a_run_that_goes_on_meanwhile_is_no_fault(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    appended(warc(places, day=1), b"\x1f\x8b half a record that another process is writing")
    archive = Archive(places.archive)
    assert check_source(archive, "kota-uji", "jdih").broken
    with (ledger(places).parent / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = check_source(archive, "kota-uji", "jdih")
    assert (found.broken, found.left, found.entries) == (None, (), 3)


def test_an_archive_alone_is_verified_as_far_as_it_goes(two_days: Fed, tmp_path: Path) -> None:
    shutil.copytree(two_days.places.archive, tmp_path / "archive")
    found = verified(Places(tmp_path), two_days)
    assert (found.broken, found.entries, found.repeated) == ((), 6, None)
    with pytest.raises(WarehouseError, match="no archive, and no warehouse"):
        verified(Places(tmp_path / "lain"), two_days)


def test_a_warehouse_of_an_older_schema_is_told_apart(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute("DELETE FROM ops.migration WHERE number > 31")
    with pytest.raises(WarehouseError, match=r"has schema 31, this Pantau \d+; run pantau load"):
        verified(places, two_days)


def test_a_warehouse_whose_first_load_was_killed_is_told_apart_and_so_is_a_newer_one(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{places.warehouse}' AS begun")
    with pytest.raises(WarehouseError, match=r"has schema 0, this Pantau \d+; run pantau load"):
        verify(Archive(places.archive), places.warehouse, places.published, now=START)
    with writing(places.warehouse, START) as connection:
        connection.execute("INSERT INTO ops.migration VALUES (9999, 'later', now())")
    with pytest.raises(WarehouseError, match=r"has schema 9999, this Pantau \d+; use a newer Pantau"):
        verify(Archive(places.archive), places.warehouse, places.published, now=START)


def test_the_command_says_what_is_broken(two_days: Fed, tmp_path: Path) -> None:
    places = copied(two_days, tmp_path / "data")
    words = ["verify", "--data-dir", str(places.root)]
    fine = CliRunner().invoke(app, words)
    assert (fine.exit_code, fine.stdout.splitlines()[-1]) == (0, "no broken link")
    flipped(places, "response", 0.8)
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 1
    assert re.search(
        r"broken: .*warc\.gz, byte \d+.*restore it from a backup\n1 broken links\n$", said.stdout
    )
    as_json = CliRunner().invoke(app, [*words, "--json"])
    document = json.loads(as_json.stdout)
    assert (as_json.exit_code, document["is_intact"], len(document["broken"])) == (1, False, 1)
