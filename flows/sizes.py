"""How large everything in a data folder was before maintenance and is after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.maintain import Maintained

_FILES = ("warehouse", "archive", "published")


def sizes_of(done: Maintained) -> list[tuple[str, int, int]]:
    """Bytes before and after: of warehouse, archive and published copy, then of each table that has any."""
    files = [(name, getattr(done.before, name), getattr(done.after, name)) for name in _FILES]
    before = {one.table: one.size for one in done.before.tables}
    tables = [(one.table, before.get(one.table, 0), one.size) for one in done.after.tables]
    return files + [row for row in tables if row[1] or row[2]]
