"""Files that people drop: read from inside one folder only, as documents ready to be archived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from collectors.bodies import CHUNK_BYTES, gathered
from collectors.evidence import Capture, Fetched
from collectors.fetch_error import FetchError
from collectors.sizes import MAX_BYTES

_PREFIX = "file:"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
}


def file_url(name: str) -> str:
    """The URL under which a dropped file is archived: ``file:`` and its name relative to the folder."""
    return _PREFIX + quote(name, safe="/")


def file_name(capture: Capture) -> str:
    """A capture's file name relative to its drop folder, or its URL when it came over the network."""
    if capture.url.startswith(_PREFIX):
        return unquote(capture.url.removeprefix(_PREFIX))
    return capture.url


def top_files(place: Path, suffixes: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """The folder of a source and the names of its files with those suffixes, in order.

    `place` is a folder or one file. Hidden files and the lock files of office programs are left out, as are
    sub-folders. Raises FetchError when there is no such place or no such file in it.
    """
    if place.is_file():
        return place.parent, (place.name,)
    if not place.is_dir():
        raise FetchError(file_url(place.name), "file", f"{place} does not exist; create it or correct `path`")
    names = sorted(
        entry.name
        for entry in place.iterdir()
        if entry.suffix.lower() in suffixes and entry.is_file() and not entry.name.startswith((".", "~$"))
    )
    if not names:
        wanted = " or ".join(f"*{suffix}" for suffix in suffixes)
        raise FetchError(file_url(place.name), "file", f"no {wanted} in {place}; drop the file there")
    return place, tuple(names)


def safe_name(text: str) -> str | None:
    """A name typed by a person as a path inside the folder, or None when it leads elsewhere.

    Backslashes are taken for the separators that Windows users mean.
    """
    path = PurePosixPath(text.strip().replace("\\", "/"))
    if path.is_absolute() or not path.parts or ".." in path.parts or ":" in path.parts[0] or "\x00" in text:
        return None
    return str(path)


def read_file(
    folder: Path,
    name: str,
    at: datetime,
    *,
    max_bytes: int = MAX_BYTES,
    spool_folder: Path | None = None,
) -> Fetched:
    """One file of the folder as a document, `at` being the time it was read.

    It is copied (a large one into a file in `spool_folder`, see `gathered`): the original may change
    meanwhile. Raises FetchError when it is missing, no regular file, outside the folder once links are
    followed, or larger than `max_bytes`.
    """
    url = file_url(name)
    wanted = folder / name
    try:
        is_inside = wanted.resolve().is_relative_to(folder.resolve())
        # Opening a named pipe would wait for ever for its other end.
        is_file = wanted.is_file()
    except (OSError, RuntimeError) as error:
        # A name too long for the system, or links that lead round in a circle.
        raise FetchError(url, "file", f"{name[:100]} is no file name ({error.__class__.__name__})") from error
    if not is_inside:
        raise FetchError(url, "not_allowed", f"{wanted} leads out of {folder}; put the file itself there")
    if not is_file:
        raise FetchError(url, "file", f"{wanted} is missing or no regular file; drop the file there")
    try:
        content = gathered(url, _chunks(wanted, url, max_bytes), spool_folder)
    except OSError as error:
        raise FetchError(
            url, "file", f"{wanted} cannot be read ({error.strerror}); check its rights"
        ) from error
    media_type = _MEDIA_TYPES.get(wanted.suffix.lower(), "application/octet-stream")
    return Fetched(url, at, None, "", (("Content-Type", media_type),), content)


def _chunks(path: Path, url: str, max_bytes: int) -> Iterator[bytes]:
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise FetchError(
                    url, "too_large", f"{path} is larger than the {max_bytes} bytes allowed; split it"
                )
            yield chunk
