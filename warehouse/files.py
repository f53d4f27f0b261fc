"""Files of databases on the disk: sure to be there, and gone with all that belongs to them."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Let a file, or what a folder says of its files, be on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a database file and its WAL, if they are there."""
    for one in (path, path.with_name(f"{path.name}.wal")):
        one.unlink(missing_ok=True)
