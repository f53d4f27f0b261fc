"""An archive in the hands of a WARC player that is not ours: every page comes back byte for byte, revisits too.

The player (pywb) needs other versions of our own dependencies, so it lives in an environment of its own: `make replay`.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from warcio.archiveiterator import ArchiveIterator

from tests.line import demo_line

PLAYER = Path(__file__).resolve().parent.parent / ".venv-replay" / "bin"
COLLECTION = "bukti"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (PLAYER / "wayback").exists(), reason="no WARC player: make replay"),
]


@dataclass(frozen=True)
class Kept:
    """One capture of the archive: its kind of record, address, moment (14 digits) and payload."""

    kind: str
    url: str
    moment: str
    payload: bytes


def kept(files: list[Path]) -> list[Kept]:
    """Every answer of the web in the files; a revisit has the payload of the record with its digest."""
    payloads: dict[str, bytes] = {}
    found = []
    for file in files:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type not in {"response", "revisit"}:
                    continue
                digest = record.rec_headers["WARC-Payload-Digest"]
                if record.rec_type == "response":
                    payloads[digest] = record.content_stream().read()
                moment = "".join(c for c in record.rec_headers["WARC-Date"] if c.isdigit())[:14]
                url = record.rec_headers["WARC-Target-URI"]
                found.append(Kept(record.rec_type, url, moment, payloads[digest]))
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The archive of a made-up city on two days: most of the second day's answers are those of the first."""
    folder = tmp_path_factory.mktemp("arsip")
    with demo_line(folder) as (_, line):
        line.collect()
        line.pass_days(1)
        line.collect()
    return sorted((folder / "data" / "archive").rglob("*.warc.gz"))


@pytest.fixture(scope="module")
def player(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a player that has all the files."""
    folder = tmp_path_factory.mktemp("pemutar")
    copies = [folder / f"{file.parent.name}-{file.name}" for file in files]
    for file, copy in zip(files, copies, strict=True):
        shutil.copy(file, copy)
    for command in (["init", COLLECTION], ["add", COLLECTION, *map(str, copies)]):
        subprocess.run([PLAYER / "wb-manager", *command], cwd=folder, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "player.log").open("wb") as log:
        command = [str(PLAYER / "wayback"), "-b", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/{COLLECTION}"
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "player.log").read_text(encoding="utf-8")
            try:
                requests.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def test_every_answer_of_the_web_is_replayed_as_it_was_captured(files: list[Path], player: str) -> None:
    captures = kept(files)
    assert {capture.kind for capture in captures} == {"response", "revisit"}
    different = [
        (capture.kind, capture.moment, capture.url)
        for capture in captures
        if requests.get(f"{player}/{capture.moment}id_/{capture.url}", timeout=30).content != capture.payload
    ]
    assert not different
