"""Large listings: read, judged and stored in parts, with the same outcome as at once, and all or nothing."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import archive as archive_module
from collectors import regulations, warc_reading
from collectors.digest_set import DigestSet, digest
from collectors.encodings import TextStream, decode_text
from collectors.evidence import Capture, ParseError
from collectors.json_stream import JsonError, JsonText
from collectors.ledger import ArchiveError
from tests.test_load import Feed
from tests.test_regulations import NOON, source_of
from warehouse import staging
from warehouse.load import LoadResult, load

pytestmark = pytest.mark.e2e


def chunked(text: str, size: int) -> JsonText:
    parts = (text[at : at + size] for at in range(0, len(text), size))
    return JsonText(lambda: next(parts, ""))


TEXT = '  [ {"a": 1.5e3, "b": ["x\\"]", null]},\n 12345 , "\\u00e9\n", {} , [], true ]  ;'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_array_is_read_alike_however_its_text_is_cut(size: int) -> None:
    cursor = chunked(TEXT, size)
    cursor.peek()
    assert list(cursor.elements()) == [{"a": 1500.0, "b": ['x"]', None]}, 12345, "é\n", {}, [], True]
    assert cursor.rest(10) == ";"
    members = chunked('{"a": 1, "b" : {"c": [2]}}', size)
    assert [(key, members.value()) for key in members.keys()] == [("a", 1), ("b", {"c": [2]})]  # noqa: SIM118


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("text", ["[1,\n 2", "[1,\n2 3]", '[{"a"\n: "b]', "[", "[nul]", "[\n12a]", "[1}"])
def test_damage_is_named_where_json_itself_names_it(text: str, size: int) -> None:
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    with pytest.raises(JsonError) as found:
        list(chunked(text, size).elements())
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_decoded_alike_in_chunks_and_at_once(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = ("Peraturan é “Wali Kota” – " * 50).encode(encoding)
    monkeypatch.setattr("collectors.encodings._CHUNK_BYTES", 7)
    stream = TextStream(io.BytesIO(payload))
    text = "".join(iter(stream.read, ""))
    assert (text, stream.repaired) == decode_text(payload)
    assert stream.characters == len(text)


def test_a_set_of_digests_is_a_set() -> None:
    chance = random.Random(1)
    ours, real = DigestSet(), set[int]()
    for number in (chance.randrange(4000) for _ in range(20_000)):
        assert ours.add(digest((number,))) == (number not in real)
        real.add(number)
    assert len(ours) == len(real)


def document(number: int, **more: Any) -> dict[str, Any]:
    return {
        "idData": str(number), "jenis": "Peraturan Wali Kota", "noPeraturan": str(number), "status": "Berlaku",
        "tahun_pengundangan": "2023", "judul": f"Tentang hal yang ke-{number}",
    } | more  # fmt: skip


def test_parts_add_up_to_the_whole_and_a_row_is_repeated_across_them() -> None:
    rows: list[Any] = [document(n) for n in range(50)]
    rows[30] = rows[3]
    rows[40] = None
    content = json.dumps({"data": rows, "total": 50}).encode()
    capture = Capture("urn:x", "https://jdih.contoh.test/x", NOON, 200, (), "", lambda: io.BytesIO(content))
    source = source_of("jdihn", "https://jdih.contoh.test/x")
    parts = list(regulations.parse_parts((capture,), source, 7))
    whole = regulations.parse((capture,), source)
    assert max(part.seen for part in parts) == 7
    assert sum(part.seen for part in parts) == whole.seen == 50
    assert [r for part in parts for r in part.records] == list(whole.records)
    assert (len(whole.records), len(whole.rejects), whole.duplicates) == (48, 1, 1)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Limits so low that fifty rows are many."""
    monkeypatch.setattr(regulations, "PART_ROWS", 8)
    monkeypatch.setattr(regulations.parse_parts, "__defaults__", (8,))
    monkeypatch.setattr(staging, "IN_MEMORY_ROWS", 8)
    monkeypatch.setattr(archive_module, "IN_MEMORY_BYTES", 100)
    yield


def loaded(folder: Path, content: bytes) -> tuple[Feed, LoadResult]:
    feed = Feed(folder)
    feed.keep("jdih", "https://jdih.uji.go.id/x", content)
    return feed, load(feed.archive, feed.warehouse, now=feed.now)[-1]


TABLES = ("raw.regulation", "core.regulation", "ops.quarantine", "ops.validation", "core.observation")


def contents(feed: Feed) -> list[list[tuple[Any, ...]]]:
    """The tables without ids, which are new in every archive."""
    unique = re.compile(r"urn:uuid:[0-9a-f-]+")
    return [
        [tuple(unique.sub("", v) if isinstance(v, str) else v for v in row) for row in found]
        for found in _rows_without_ids(feed)
    ]


def _rows_without_ids(feed: Feed) -> list[list[tuple[Any, ...]]]:
    return [
        feed.rows(f"SELECT * EXCLUDE ({', '.join(ids)}) FROM {table} ORDER BY ALL")
        for table in TABLES
        for ids in [
            [
                name
                for (name,) in feed.rows(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema || '.' || "
                    f"table_name = '{table}' AND column_name IN ('entry_id', 'capture_id', 'run_id')"
                )
            ]
        ]
    ]


ROWS: list[Any] = [document(n) for n in range(60)]
ROWS[20] = ROWS[2]
ROWS[33] = document(33, judul="SK")
ROWS[59] = document(2, judul=ROWS[2]["judul"], urlDownload="https://jdih.uji.go.id/2.pdf", idData="900")


@pytest.mark.parametrize(
    "rows", [ROWS, [document(n, judul="SK" if n % 2 else "Tentang SPBE") for n in range(60)]]
)
def test_a_batch_in_parts_is_loaded_or_refused_as_the_same_batch_at_once(
    tmp_path: Path, rows: list[Any], request: pytest.FixtureRequest
) -> None:
    content = json.dumps(rows).encode()
    at_once, expected = loaded(tmp_path / "a", content)
    request.getfixturevalue("small_limits")
    in_parts, found = loaded(tmp_path / "b", content)
    assert found == expected
    assert found.seen == found.loaded + found.quarantined + found.duplicates == 60
    assert contents(in_parts) == contents(at_once)
    assert list((tmp_path / "b").glob(".staging-*")) == []


def test_a_listing_cut_off_late_leaves_nothing_of_itself(tmp_path: Path, small_limits: None) -> None:
    content = json.dumps(ROWS).encode()[:-40]
    feed, result = loaded(tmp_path, content)
    assert result.outcome == "refused"
    assert "cut off" in result.message
    assert feed.rows("SELECT count(*) FROM raw.regulation") == [(0,)]
    assert feed.rows("SELECT count(*) FROM core.regulation") == [(0,)]
    assert feed.rows("SELECT count(*) FROM ops.quarantine") == [(1,)]


def test_a_page_that_breaks_after_good_pages_refuses_all(tmp_path: Path, small_limits: None) -> None:
    feed = Feed(tmp_path)
    source = source_of("jdihn", "https://jdih.contoh.test/x")
    good = Capture("urn:1", "https://jdih.contoh.test/1", NOON, 200, (), "", json.dumps(ROWS).encode())
    bad = Capture("urn:2", "https://jdih.contoh.test/2", NOON, 200, (), "", b"Fatal error")
    parts = regulations.parse_parts((good, bad), source)
    assert next(parts).records
    with pytest.raises(ParseError, match="Fatal error"):
        list(parts)
    assert feed.archive.sources()


def test_a_folder_left_by_a_killed_load_is_removed_by_the_next(tmp_path: Path, small_limits: None) -> None:
    left = tmp_path / ".staging-killed"
    left.mkdir(parents=True)
    (left / "lock").touch()
    loaded(tmp_path, json.dumps(ROWS).encode())
    assert not left.exists()


def test_a_large_document_is_read_from_the_archive_each_time_it_is_opened(
    tmp_path: Path, small_limits: None
) -> None:
    feed, _ = loaded(tmp_path, json.dumps(ROWS).encode())
    feed.keep("jdih", "https://jdih.uji.go.id/x", json.dumps(ROWS).encode())
    for entry in feed.archive.ledger("kota-uji", "jdih"):
        (capture,) = feed.archive.read(entry)[1]
        assert not isinstance(capture.content, bytes)
        assert json.loads(capture.payload) == json.loads(capture.payload) == ROWS
    assert "revisit" in {p.type for e in feed.archive.ledger("kota-uji", "jdih") for p in e.records}


def test_a_record_that_decodes_to_too_much_is_an_error_and_never_a_short_listing(
    tmp_path: Path, small_limits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc_reading, "MAX_DECODED_BYTES", 5000)
    feed = Feed(tmp_path)
    feed.keep("jdih", "https://jdih.uji.go.id/x", json.dumps(ROWS).encode())
    (capture,) = feed.archive.read(feed.archive.ledger("kota-uji", "jdih")[0])[1]
    with pytest.raises(ArchiveError, match="more than 5000 bytes"):
        _ = capture.payload
