"""The archive keeps bytes exactly, chains its lines, and survives torn writes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import ledger
from collectors.archive import Archive, new_run_id
from collectors.archive_check import check_source
from collectors.evidence import Fetched, ParseError, Run
from collectors.ledger import LEDGER, ArchiveError, Entry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run_of(source: str = "jdih", outcome: str = "ok") -> Run:
    return Run(new_run_id(), "kota-contoh", source, "regulations", NOON, NOON, outcome)  # type: ignore[arg-type]


def page(body: bytes, url: str = "http://contoh.test/a?x=1", **headers: str) -> Fetched:
    kept = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fetched(url, NOON, 200, "OK", (("Content-Type", "text/html"), *kept), body)


def append(archive: Archive, *documents: Fetched) -> Entry:
    run = run_of()
    with archive.appending(run) as appender:
        for document in documents:
            appender.add(document)
        return appender.finish(run, NOON)


def test_captures_come_back_byte_for_byte(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    dropped = Fetched("file:bukti.csv", NOON, None, "", (("Content-Type", "text/csv"),), b"a;b\n\xff\x00")
    entry = append(archive, page(b"<p>satu</p>"), page(b"", url="http://contoh.test/kosong"), dropped)
    run, captures = archive.read(entry)
    assert run.run_id == entry.run_id
    assert [c.payload for c in captures] == [b"<p>satu</p>", b"", b"a;b\n\xff\x00"]
    assert [c.status for c in captures] == [200, 200, None]
    assert captures[0].captured_at == NOON
    assert captures[2].content_type == "text/csv"


def test_a_head_that_is_not_ascii_is_kept_as_it_came_and_can_be_kept_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    name = 'attachment; filename="Perda \u2013 SPBE.pdf"'
    headers = (
        ("Content-Disposition", name.encode().decode("latin-1")),
        ("Set-Cookie", "a=b; \xff; Path=/"),
        ("X", "\x9b"),
    )
    came = Fetched("http://contoh.test/", NOON, 200, "Oké", headers, b"isi")
    entry = append(archive, came)
    with gzip.open(archive.path(entry)) as file:
        assert name.encode() in (kept := file.read()) and b"200 Ok\xe9\r\n" in kept
    (capture,) = archive.read(entry)[1]
    assert dict(capture.headers) == {
        "Content-Disposition": name,
        "Set-Cookie": "a=b; \xff; Path=/",
        "X": "\x9b",
    }
    again = Fetched("http://contoh.test/2", NOON, 200, "OK", capture.headers, b"isi")
    (capture,) = archive.read(append(archive, again))[1]
    assert capture.headers[0] == ("Content-Disposition", name)
    assert check_source(archive, entry.institution, entry.source).broken is None


def test_an_encoded_body_is_kept_as_sent_and_read_decoded(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    entry = append(archive, page(gzip.compress(b"isi"), Content_Encoding="gzip"))
    assert archive.read(entry)[1][0].payload == b"isi"


LONG = bytes(range(256)) * 30_000


@pytest.mark.parametrize("plain", [b"satu dua", LONG])
def test_a_body_of_several_gzip_members_is_read_to_its_end(tmp_path: Path, plain: bytes) -> None:
    archive = Archive(tmp_path)
    half = len(plain) // 2
    sent = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    (capture,) = archive.read(append(archive, page(sent, Content_Encoding="gzip")))[1]
    assert capture.payload == plain


@pytest.mark.parametrize("plain", [b"satu dua", LONG])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_body_that_ends_early_is_never_a_short_one(tmp_path: Path, plain: bytes, kept: float) -> None:
    archive = Archive(tmp_path)
    sent = gzip.compress(plain)
    documents = (
        page(sent[: int(len(sent) * kept)], Content_Encoding="gzip"),
        page(b"utuh", url="http://a.test/"),
    )
    damaged, whole = archive.read(append(archive, *documents))[1]
    assert whole.payload == b"utuh"
    with pytest.raises(ParseError, match="ends early"):
        _ = damaged.payload
    assert damaged.status == 200


def test_a_body_that_is_damaged_or_of_unknown_encoding_says_so(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    sent = bytearray(gzip.compress(LONG))
    sent[200:220] = b"\xff" * 20
    changed = page(bytes(sent), Content_Encoding="gzip")
    other = page(b"isi", url="http://a.test/", Content_Encoding="ngawur")
    for capture, said in zip(
        archive.read(append(archive, changed, other))[1], ("damaged", "'ngawur'"), strict=True
    ):
        with pytest.raises(ParseError, match=said):
            _ = capture.payload


def test_an_unchanged_payload_becomes_a_revisit_and_still_reads(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    body = b"x" * 5000
    append(archive, page(body), page(b"other", url="http://contoh.test/b"))
    second = append(archive, page(body))
    assert "revisit" in {place.type for place in second.records}
    assert "response" not in {place.type for place in second.records}
    assert archive.read(second)[1][0].payload == body


def test_warcio_finds_every_digest_right(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    append(archive, page(b"satu"), page(b"dua", url="http://contoh.test/2"))
    append(archive, page(b"satu"))
    (warc,) = tmp_path.glob("*/*/*.warc.gz")
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(warc)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "digest pass" in checked.stdout


@pytest.mark.parametrize("torn", [b"garbage", b"\x1f\x8b\x08 half a member"])
def test_torn_bytes_and_lines_are_cut_at_the_next_run(tmp_path: Path, torn: bytes) -> None:
    archive = Archive(tmp_path)
    first = append(archive, page(b"satu"))
    folder = archive.folder("kota-contoh", "jdih")
    with (folder / first.file).open("ab") as warc:
        warc.write(torn)
    with (folder / LEDGER).open("ab") as ledger:
        ledger.write(b'{"seq":1,"half')
    second = append(archive, page(b"dua", url="http://contoh.test/2"))
    assert second.offset == first.offset + first.length
    assert [e.seq for e in archive.ledger("kota-contoh", "jdih")] == [0, 1]
    assert archive.read(second)[1][0].payload == b"dua"


def test_a_run_that_never_finishes_vouches_for_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(RuntimeError), archive.appending(run_of()) as appender:
        appender.add(page(b"satu"))
        raise RuntimeError
    assert archive.ledger("kota-contoh", "jdih") == []
    assert archive.read(append(archive, page(b"dua")))[1][0].payload == b"dua"


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    entry = append(archive, page(b"satu"))
    path = archive.folder("kota-contoh", "jdih") / entry.file
    content = bytearray(path.read_bytes())
    content[entry.offset + 40] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="ledger line 1"):
        archive.read(entry)


def test_a_removed_ledger_line_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for text in (b"satu", b"dua", b"tiga"):
        append(archive, page(text))
    path = archive.folder("kota-contoh", "jdih") / LEDGER
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(ArchiveError, match="line 2: does not follow"):
        archive.ledger("kota-contoh", "jdih")


def test_a_line_that_leaves_a_record_out_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    append(archive, page(b"satu"), page(b"dua", url="http://contoh.test/2"))
    path = archive.folder("kota-contoh", "jdih") / LEDGER
    line = json.loads(path.read_text())
    line["records"] = [place for place in line["records"] if place["url"] != "http://contoh.test/2"]
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(ArchiveError, match="in no record"):
        archive.read(archive.ledger("kota-contoh", "jdih")[0])


def test_a_line_that_names_another_record_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    append(archive, page(b"satu"))
    path = archive.folder("kota-contoh", "jdih") / LEDGER
    line = json.loads(path.read_text())
    response = next(place for place in line["records"] if place["type"] == "response")
    path.write_text(path.read_text().replace(response["id"], "<urn:uuid:lain>"))
    with pytest.raises(ArchiveError, match="holds no record <urn:uuid:lain>"):
        archive.read(archive.ledger("kota-contoh", "jdih")[0])


def test_the_ledger_is_read_once_however_many_revisits_and_again_when_another_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    documents = [page(b"x%d" % n, url=f"http://contoh.test/{n}") for n in range(5)]
    append(archive, *documents)
    second = append(archive, *documents)
    reads: list[Path] = []
    chain = ledger._chain

    def counted(path: Path, lines: list[bytes]) -> list[Entry]:
        reads.append(path)
        return chain(path, lines)

    monkeypatch.setattr(ledger, "_chain", counted)
    reader = Archive(tmp_path)
    for _ in range(2):
        assert [c.payload for c in reader.read(second)[1]] == [d.body for d in documents]
    assert len(reads) == 1
    append(archive, page(b"baru"))
    assert len(reader.ledger("kota-contoh", "jdih")) == 3
