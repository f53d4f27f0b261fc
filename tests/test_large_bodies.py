"""Answers of hundreds of megabytes pass through without being in memory, and caps hold for them too."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import bodies
from collectors.archive import Archive
from collectors.bodies import decode_body, decoded, gathered
from collectors.drop_folder import read_file
from collectors.evidence import Fetched, Stored
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import ConfigError, Source, parse_institution
from flows.collect import collect
from tests.test_archive import append, page
from tests.test_http import LOCAL, Handler, Site, running
from tests.test_reach import FILE

pytestmark = pytest.mark.e2e
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MEGABYTE = 1024 * 1024
LINE = b'{"judul": "Peraturan Wali Kota Contoh Nomor 1 Tahun 2020"},\n' * 4096
BLOCKS = 420
"""Blocks of about 240 KiB: 100 MB altogether."""


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


def large(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(LINE) * BLOCKS))
    handler.end_headers()
    for _ in range(BLOCKS):
        handler.wfile.write(LINE)


def test_a_large_answer_goes_into_the_archive_and_out_again_in_little_memory(
    site: Site, tmp_path: Path
) -> None:
    site.pages["/x"] = large
    tracemalloc.start()
    try:
        with HttpSession(
            clock=lambda: NOON, reach=LOCAL, max_bytes=128 * MEGABYTE, spool_folder=tmp_path / "arsip"
        ) as session:
            fetched = session.get(site.url("/x"))
        archive = Archive(tmp_path / "arsip")
        (capture,) = archive.read(append(archive, fetched))[1]
        size = 0
        with capture.open() as stream:
            while block := stream.read(len(LINE)):
                assert block == LINE
                size += len(block)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == fetched.size == len(LINE) * BLOCKS
    # warcio decompresses 16 KiB at a time, which of repeated lines are 16 MiB, twice over.
    assert peak < 40 * MEGABYTE
    del fetched
    assert [path.name for path in (tmp_path / "arsip").iterdir()] == ["kota-contoh"]


def test_a_large_answer_that_did_not_change_is_a_revisit(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    body = LINE * 20
    for _ in range(2):
        content = gathered("http://contoh.test/a?x=1", [LINE] * 20, tmp_path)
        assert isinstance(content, Stored)
        entry = append(archive, page(content))  # type: ignore[arg-type]
    assert "response" not in {place.type for place in entry.records}
    assert archive.read(entry)[1][0].payload == body


def stored(payload: bytes, coding: str, folder: Path) -> Fetched:
    content = gathered("http://contoh.test/", [payload[:10], payload[10:]], folder)
    return Fetched("http://contoh.test/", NOON, 200, "OK", (("Content-Encoding", coding),), content)


def raw_deflate(payload: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(payload) + packer.flush()


@pytest.mark.parametrize("limit", [2, 7, 100_000])
def test_a_body_decodes_alike_from_file_and_memory_and_in_whatever_chunks(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "IN_MEMORY_BYTES", 20)
    monkeypatch.setattr(bodies, "CHUNK_BYTES", limit)
    plain = bytes(range(256)) * 9
    for coding, sent in (
        ("gzip", gzip.compress(plain)),
        ("gzip", gzip.compress(plain[:300]) + gzip.compress(plain[300:]) + bytes(5)),
        ("gzip", plain),
        ("deflate", zlib.compress(plain)),
        ("deflate", raw_deflate(plain)),
        ("identity", plain),
        ("deflate, gzip", gzip.compress(zlib.compress(plain))),
    ):
        fetched = stored(sent, coding, tmp_path)
        assert isinstance(fetched.content, Stored)
        assert decode_body(fetched) == plain, (coding, len(sent))


def test_a_bomb_in_a_file_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    sent = b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(300)), packer.flush()])
    fetched = stored(sent * 4, "gzip", tmp_path)
    tracemalloc.start()
    try:
        with (
            pytest.raises(FetchError, match="200000000 bytes") as caught,
            decoded(fetched, max_bytes=200_000_000) as stream,
        ):
            while stream.read(MEGABYTE):
                pass
        with pytest.raises(FetchError, match="taken for an attack"):
            decode_body(fetched, max_bytes=2 * MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.kind == "too_large"
    assert peak < 12 * MEGABYTE


@pytest.mark.parametrize("cut", [1, 9, 3000])
def test_a_body_cut_off_is_an_error_and_never_a_short_one(cut: int, tmp_path: Path) -> None:
    sent = gzip.compress(bytes(range(256)) * 20_000, 0)
    with pytest.raises(FetchError, match="ends early"):
        decode_body(stored(sent[:-cut], "gzip", tmp_path))


def test_a_body_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "arsip").write_text("a file where the folder should be")
    with pytest.raises(FetchError, match="make room there") as caught:
        gathered("http://contoh.test/", [bytes(2 * MEGABYTE)], tmp_path / "arsip")
    assert caught.value.kind == "disk"


# The cap of a source ----------------------------------------------------------------------------------------


def source(**more: object) -> Source:
    given = {
        "id": "x",
        "collector": "regulations",
        "cadence": "listings",
        "agency": "a",
        "url": "http://a.test/",
    }
    return Source.model_validate(given | more)


def test_only_a_feed_that_is_read_as_a_stream_may_be_large() -> None:
    assert source(format="jdihn").max_bytes == 1024 * MEGABYTE
    assert source(format="jdihn", max_megabytes=100).max_bytes == 100 * MEGABYTE
    assert source(format="html", profile="p").max_bytes == 64 * MEGABYTE
    assert source(format="html", profile="p", max_megabytes=2).max_bytes == 2 * MEGABYTE
    with pytest.raises(ValueError, match="max_megabytes above 64 is for sources of format jdihn"):
        source(format="html", profile="p", max_megabytes=65)


@pytest.mark.parametrize(("megabytes", "outcome"), [(1, "failed"), (3, "ok")])
def test_the_cap_of_the_source_holds_when_it_is_collected(
    megabytes: int, outcome: str, site: Site, tmp_path: Path
) -> None:
    body = b"[" + LINE * 8 + b"{}]"
    site.pages["/x"] = lambda h: h.answer(200, body)
    text = FILE.split("services:", maxsplit=1)[0].replace("URL", site.url("/x"))
    text = text.replace("format: jdihn", f"format: jdihn, max_megabytes: {megabytes}")
    (tmp_path / "uji.yml").write_text(f"{text}allow_private_addresses: true\n")
    (result,) = collect(tmp_path / "uji.yml", Archive(tmp_path / "arsip"), clock=lambda: NOON)
    assert result.outcome == outcome, result.message
    if outcome == "failed":
        assert result.error == "too_large" and "max_megabytes" in result.message
    else:
        assert result.bytes == len(body)


def test_a_source_beyond_the_largest_is_no_institution_file() -> None:
    text = FILE.replace("URL", "http://a.test/").replace(
        "format: jdihn", "format: jdihn, max_megabytes: 2000"
    )
    with pytest.raises(ConfigError, match="max_megabytes"):
        parse_institution(text, "uji.yml")


def test_a_large_dropped_file_is_copied_and_capped(tmp_path: Path) -> None:
    (tmp_path / "feed.json").write_bytes(LINE * 8)
    found = read_file(tmp_path, "feed.json", NOON, spool_folder=tmp_path)
    (tmp_path / "feed.json").write_bytes(b"[]")
    assert isinstance(found.content, Stored)
    assert found.body == LINE * 8
    (tmp_path / "feed.json").write_bytes(LINE * 8)
    with pytest.raises(FetchError, match="larger than the 1000 bytes") as caught:
        read_file(tmp_path, "feed.json", NOON, max_bytes=1000)
    assert caught.value.kind == "too_large"
