"""Files that people drop: read from inside one folder only, as documents ready to be archived."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from collectors.bodies import MAX_BYTES
from collectors.evidence import Capture, Fetched
from collectors.fetch_error import FetchError

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


def read_file(folder: Path, name: str, at: datetime) -> Fetched:
    """One file of the folder as a document, `at` being the time it was read.

    Raises FetchError when it is missing, no regular file, outside the folder once links are followed, or
    larger than a download may be.
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
        with wanted.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FetchError(
            url, "file", f"{wanted} cannot be read ({error.strerror}); check its rights"
        ) from error
    if len(body) > MAX_BYTES:
        raise FetchError(url, "too_large", f"{wanted} is larger than the {MAX_BYTES} bytes allowed; split it")
    media_type = _MEDIA_TYPES.get(wanted.suffix.lower(), "application/octet-stream")
    return Fetched(url, at, None, "", (("Content-Type", media_type),), body)
