"""`pantau evidence`: the bytes of one capture, and nothing when they are not those vouched for."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.archive import Archive
from collectors.evidence import Fetched
from collectors.ledger import ArchiveError
from flows.cli import app
from flows.evidence_command import TEXT_SHOWN, UnknownCaptureError, find
from tests.test_archive import NOON, append, page

TEXT = b"<h1>Produk hukum</h1>\x1b]0;judul\x07 akhir"


def kept(data: Path, *documents: Fetched) -> list[str]:
    """Archive documents in one run; the ids of their captures."""
    archive = Archive(data / "archive")
    _, captures = archive.read(append(archive, *documents))
    return [capture.capture_id for capture in captures]


def pantau(*words: str) -> str:
    done = CliRunner().invoke(app, ["evidence", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_head_and_text_are_printed_and_nothing_in_them_acts_on_a_terminal(tmp_path: Path) -> None:
    (one,) = kept(tmp_path, page(gzip.compress(TEXT), Content_Encoding="gzip", X_Powered_By="a\x1b[2Jb"))
    said = pantau(one, "--data-dir", str(tmp_path))
    assert "address    http://contoh.test/a?x=1\n" in said
    assert "captured   2026-03-02 12:00:00Z\n" in said
    assert f"archive    {tmp_path}/archive/kota-contoh/jdih/2026-03-02.warc.gz, byte " in said
    assert "status     HTTP 200\n" in said and "  X-Powered-By: ab\n" in said
    assert said.endswith("<h1>Produk hukum</h1> akhir\n")
    assert "\x1b" not in said


def test_the_id_may_come_without_its_brackets(tmp_path: Path) -> None:
    first, second = kept(tmp_path, page(b"satu"), page(b"dua", url="http://contoh.test/b"))
    archive = Archive(tmp_path / "archive")
    for written in (second, second.strip("<>"), second.removeprefix("<urn:uuid:").rstrip(">")):
        assert find(archive, written).capture.payload == b"dua"
    assert find(archive, first).capture.payload == b"satu"


def test_the_payload_is_written_decoded_or_as_it_came_which_is_what_the_digest_is_of(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    (one,) = kept(tmp_path, page(packed, Content_Encoding="gzip"))
    out = tmp_path / "isi"
    data = ("--data-dir", str(tmp_path), "--output", str(out))
    told = json.loads(pantau(one, *data, "--json"))
    assert out.read_bytes() == TEXT and told["bytes"] == len(TEXT)
    assert f"{len(packed)} bytes written to {out}" in pantau(one, *data, "--as-stored")
    assert told["digest"] == f"sha256:{hashlib.sha256(out.read_bytes()).hexdigest()}"
    assert told["digest_checked"] is True and told["is_revisit"] is False


def test_an_unchanged_document_shows_the_bytes_of_the_earlier_one(tmp_path: Path) -> None:
    body = b"x" * 5000
    kept(tmp_path, page(body))
    (second,) = kept(tmp_path, page(body))
    said = pantau(second, "--data-dir", str(tmp_path))
    assert "unchanged  since <urn:uuid:" in said and said.endswith(f"{'x' * 5000}\n")


def test_what_is_no_text_is_not_printed_and_a_long_text_is_cut(tmp_path: Path) -> None:
    pdf = Fetched("file:a.pdf", NOON, None, "", (("Content-Type", "application/pdf"),), b"%PDF\x00\x01\xff")
    binary, long = kept(tmp_path, pdf, page("é".encode() * (TEXT_SHOWN + 5)))
    assert pantau(binary, "--data-dir", str(tmp_path)).endswith("write it to a file with --output FILE.\n")
    said = pantau(long, "--data-dir", str(tmp_path))
    assert said.count("é") == TEXT_SHOWN and f"the first {TEXT_SHOWN} characters" in said


def test_changed_bytes_are_refused(tmp_path: Path) -> None:
    first, _ = kept(tmp_path, page(b"satu"), page(b"dua", url="http://contoh.test/b"))
    (warc,) = tmp_path.glob("archive/*/*/*.warc.gz")
    content = bytearray(warc.read_bytes())
    content[len(content) // 2] ^= 1
    warc.write_bytes(content)
    with pytest.raises(ArchiveError, match="restore the file from a backup"):
        find(Archive(tmp_path / "archive"), first)


def test_a_damaged_original_of_an_unchanged_document_is_refused(tmp_path: Path) -> None:
    body = bytes(range(256)) * 20
    first, (second,) = kept(tmp_path, page(body)), kept(tmp_path, page(body))
    (warc,) = tmp_path.glob("archive/*/*/*.warc.gz")
    (entry, _) = Archive(tmp_path / "archive").ledger("kota-contoh", "jdih")
    (place,) = [one for one in entry.records if one.id == first[0]]
    content = bytearray(warc.read_bytes())
    content[place.offset + place.length // 2] ^= 1
    warc.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"the document that <urn:uuid:.* repeats is damaged"):
        find(Archive(tmp_path / "archive"), second)


def test_bytes_that_a_forged_ledger_vouches_for_are_refused_by_their_digest(tmp_path: Path) -> None:
    (one,) = kept(tmp_path, page(b"terpenuhi"))
    ledger = tmp_path / "archive" / "kota-contoh" / "jdih" / "ledger.jsonl"
    line = json.loads(ledger.read_text(encoding="utf-8"))
    warc = ledger.with_name(line["file"])
    old, new = warc.read_bytes(), b""
    for place in line["records"]:
        member = gzip.decompress(old[place["offset"] : place["offset"] + place["length"]])
        packed = gzip.compress(member.replace(b"terpenuhi", b"TERPENUHI"))
        place |= {"offset": line["offset"] + len(new), "length": len(packed)}
        new += packed
    line |= {"length": len(new), "sha256": hashlib.sha256(new).hexdigest()}
    warc.write_bytes(old[: line["offset"]] + new)
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    ledger.write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(
        ArchiveError, match=r"the payload of <urn:uuid:.*> has digest sha256:[0-9a-f]{64}, not sha256:"
    ):
        find(Archive(tmp_path / "archive"), one)


def test_an_unknown_id_says_where_ids_are(tmp_path: Path) -> None:
    kept(tmp_path, page(b"satu"))
    with pytest.raises(UnknownCaptureError, match=r"no capture 'abc'; pantau explain N --json"):
        find(Archive(tmp_path / "archive"), "abc")
