"""`pantau evidence`: the very bytes behind a capture, out of the archive, once their digest is right."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from flows.changes_command import DataDir
from flows.places import Places

if TYPE_CHECKING:
    from collectors.archive import Archive
    from collectors.evidence import Capture
    from collectors.ledger import Entry, RecordPlace

TEXT_SHOWN = 20_000
"""So many characters of a document are printed; --output has all of it."""
_CHUNK = 1024 * 1024
_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml", "application/javascript")


class UnknownCaptureError(Exception):
    """The archive holds no capture of that id; exit code 2."""


@dataclass(frozen=True)
class Found:
    """A capture, where it lies, and where its payload does: elsewhere for a revisit."""

    capture: Capture
    entry: Entry
    place: RecordPlace
    payload_path: Path
    payload_place: RecordPlace


def register(app: typer.Typer, print_json: Callable[[Any], None]) -> None:
    """Add the command; `print_json` prints a document as every command does."""

    @app.command()
    def evidence(
        capture: Annotated[str, typer.Argument(help="Its id, as explain and the marts give it.")],
        data_dir: DataDir = Path("data"),
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help="Write the payload to this file.")
        ] = None,
        as_stored: Annotated[
            bool, typer.Option("--as-stored", help="As it came, still compressed: what the digest is of.")
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print one JSON document and nothing else.")
        ] = False,
    ) -> None:
        """Print headers and payload of one capture from the archive, its digest checked."""
        from collectors.archive import Archive

        found = find(Archive(Places(data_dir).archive), capture)
        size = None if output is None else write(found, output, as_stored=as_stored)
        if as_json:
            print_json(document(found) | ({} if output is None else {"output": output, "bytes": size}))
        else:
            show(found, output, size)


def find(archive: Archive, capture_id: str) -> Found:
    """The capture of that id (a WARC-Record-ID, or the UUID in it), every digest checked.

    Raises UnknownCaptureError where there is none, ArchiveError where the bytes are not those vouched for.
    """
    wanted = f"<urn:uuid:{capture_id.strip().strip('<>').removeprefix('urn:uuid:')}>"
    for institution, source in archive.sources():
        for entry in archive.ledger(institution, source):
            for place in entry.records:
                if place.id == wanted:
                    return _whole(archive, entry, place)
    raise UnknownCaptureError(
        f"{archive.root}: there is no capture {capture_id!r}; pantau explain N --json and "
        "mart.bukti_terkini (tangkapan_id) give ids"
    )


def _whole(archive: Archive, entry: Entry, place: RecordPlace) -> Found:
    from warcio.exceptions import ArchiveLoadFailed

    from collectors.ledger import ArchiveError

    try:
        return _opened(archive, entry, place)
    except (ArchiveLoadFailed, zlib.error, EOFError) as error:
        raise ArchiveError(
            f"{archive.path(entry)}: the document that {place.id} repeats is damaged; "
            "restore it from a backup"
        ) from error


def _opened(archive: Archive, entry: Entry, place: RecordPlace) -> Found:
    from collectors.ledger import ArchiveError
    from collectors.warc_reading import record_at, stored_at

    _, captures = archive.read(entry)
    capture = next((one for one in captures if one.capture_id == place.id), None)
    if capture is None:
        raise UnknownCaptureError(f"{archive.path(entry)}: {place.id} is a record of a run, not a capture")
    holder, payload = entry, place
    with record_at(archive.path(entry), place) as record:
        if record.rec_type == "revisit":
            holder, payload = archive.original(entry, record)
    path = archive.path(holder)
    with stored_at(path, payload).opened() as stream:
        digest = f"sha256:{_digest(stream)}"
    if digest != capture.digest:
        raise ArchiveError(
            f"{path}, byte {payload.offset}: the payload of {place.id} has digest {digest}, "
            f"not {capture.digest}; restore it from a backup"
        )
    return Found(capture, entry, place, path, payload)


def write(found: Found, output: Path, *, as_stored: bool) -> int:
    """Write the payload to a file; how many bytes it is."""
    from collectors.warc_reading import stored_at

    size = 0
    opened = stored_at(found.payload_path, found.payload_place).opened if as_stored else found.capture.open
    with opened() as stream, output.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            size += out.write(chunk)
    return size


def document(found: Found) -> dict[str, Any]:
    """What is known of a capture besides its payload."""
    capture = found.capture
    return {
        "capture_id": capture.capture_id,
        "institution": found.entry.institution,
        "source": found.entry.source,
        "run_id": found.entry.run_id,
        "url": capture.url,
        "captured_at": capture.captured_at,
        "status": capture.status,
        "headers": capture.headers,
        "digest": capture.digest,
        "digest_checked": True,
        "warc_file": str(found.payload_path),
        "warc_offset": found.payload_place.offset,
        "warc_length": found.payload_place.length,
        "is_revisit": found.place != found.payload_place,
    }


def show(found: Found, output: Path | None, size: int | None) -> None:
    """The head of a capture, then its text, or where it was written."""
    from collectors.plain_text import plain_lines, without_controls

    capture = found.capture
    lines = [
        ("capture", capture.capture_id),
        ("source", f"{found.entry.institution}/{found.entry.source}, run {found.entry.run_id}"),
        ("address", capture.url),
        ("captured", _utc(capture.captured_at)),
        ("digest", f"{capture.digest} (checked)"),
        ("archive", f"{found.payload_path}, byte {found.payload_place.offset}"),
    ]
    if found.place != found.payload_place:
        lines.append(("unchanged", f"since {found.payload_place.id}, whose bytes these are"))
    if capture.status is not None:
        lines.append(("status", f"HTTP {capture.status}"))
    for name, value in lines:
        typer.echo(f"{name:<10} {without_controls(value)}")
    for name, value in capture.headers:
        typer.echo(f"  {without_controls(name)}: {without_controls(value)}")
    if output is not None:
        typer.echo(f"\n{size} bytes written to {output}")
        return
    with capture.open() as stream:
        begin = stream.read(4 * TEXT_SHOWN)
        is_whole = not stream.read(1)
    typer.echo()
    text = _text(capture, begin)
    if text is None:
        typer.echo("The payload is no text; write it to a file with --output FILE.")
        return
    typer.echo(plain_lines(text[:TEXT_SHOWN]))
    if len(text) > TEXT_SHOWN or not is_whole:
        typer.echo(f"\nThese are the first {TEXT_SHOWN} characters; --output FILE has the whole document.")


def _text(capture: Capture, begin: bytes) -> str | None:
    """The beginning of a payload as text; None for what is none."""
    if not capture.content_type.startswith(_TEXTS) and b"\x00" in begin[:1024]:
        return None
    try:
        return begin.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut in the middle of a character, or an old encoding: readable all the same.
        is_cut = error.start >= len(begin) - 4
        known = capture.content_type.startswith(_TEXTS) or is_cut
        return begin.decode("utf-8" if is_cut else "latin-1", errors="replace") if known else None


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _utc(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}Z"
