"""The file beside a copy that keeps what was counted for it, and a note of when more can be counted.

Whoever counts holds the lock of the copy. The note spares loads to open that file, which takes longer than to
read a line. It is a hint alone: where it is wrong, or not there, checks are counted once more, or later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.carry import program
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.files import remove, sync

Made = TypeVar("Made")
log = logging.getLogger(__name__)


class _Note(BaseModel):
    """By which program it was counted, into which file, and from when on whose checks are due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: str
    file: tuple[int, int] | None
    due: Mapping[str, datetime]


def counting(target: Path, count: Callable[[Path | None, Path], tuple[Made, Mapping[str, datetime]]]) -> Made:
    """Let `count` take over what was counted for the copy `target`, and keep what it counts.

    It is given the file to take over, None where that is of no use, and the one to write, if there is more to
    be kept. It returns what it made, and from when on more of which institution's checks can be kept.
    """
    old, new = _file(target), target.with_name(f".{target.name}.counted.new")
    # Only what was killed can have left one: the lock is ours.
    remove(new)
    try:
        try:
            made, due = count(old if old.exists() else None, new)
        except (duckdb.Error, WarehouseError) as error:
            if isinstance(error, WarehouseBusyError) or not old.exists():
                raise
            # Whatever may be wrong with what was counted before, without it nothing is.
            log.warning("%s: is no good, everything is counted (%s)", old, error)
            remove(new)
            made, due = count(None, new)
            old.unlink()
        if new.exists():
            sync(new)
            new.replace(old)
            sync(old.parent)
        # In place: who reads half of it takes it for none.
        note = _Note(program=program(), file=_stamp(old), due=due)
        _note(target).write_text(note.model_dump_json(), encoding="utf-8")
    finally:
        remove(new)
    return made


def is_due(target: Path, institutions: Collection[str], now: datetime) -> bool:
    """Whether more of the checks of these `institutions` can be kept than is, as far as the note knows."""
    try:
        note = _Note.model_validate_json(_note(target).read_bytes())
    except (OSError, ValidationError):
        return bool(institutions)
    if note.program != program() or note.file != _stamp(_file(target)):
        return bool(institutions)
    return any(note.due.get(name, now) <= now for name in institutions)


def _file(target: Path) -> Path:
    return target.with_name(f".{target.name}.counted")


def _note(target: Path) -> Path:
    return target.with_name(f".{target.name}.due")


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells a file from another that is swapped in for it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
