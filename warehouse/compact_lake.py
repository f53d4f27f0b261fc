"""Upkeep of a lake: many small files become few large ones, and what nobody can see any more is removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from warehouse.lake import Lake, alone

SNAPSHOTS_KEPT = timedelta(days=2)
"""Longer than any reader stays at one: publishing takes minutes, copying files to a backup hours."""


@dataclass(frozen=True)
class Compacted:
    """Files and bytes of a lake before and after; rows that moved from the catalog into files."""

    files_before: int
    files: int
    bytes_before: int
    bytes: int
    rows_moved: int
    snapshots_expired: int
    files_removed: int


def compact(lake: Lake, *, now: datetime, keep: timedelta = SNAPSHOTS_KEPT) -> Compacted:
    """Move small rows from the catalog into files, merge files, drop snapshots older than `keep`.

    Also removed are the files of those snapshots, and those that killed workers left. Writers wait meanwhile.
    Stopped anywhere, it has done some of its steps, each wholly. Raises as `lake.transaction` does.
    """
    oldest = {"oldest": now - keep}
    with alone(lake) as connection:

        def call(function: str, **parameters: object) -> list[tuple[object, ...]]:
            return connection.execute(f"CALL {function}", parameters or None).fetchall()

        def measured() -> tuple[int, int]:
            found = connection.execute(
                "SELECT coalesce(sum(file_count + delete_file_count), 0), "
                "coalesce(sum(file_size_bytes + delete_file_size_bytes), 0) "
                "FROM ducklake_table_info('warehouse')"
            ).fetchone()
            assert found is not None
            return int(found[0]), int(found[1])

        files_before, bytes_before = measured()
        moved = call("ducklake_flush_inlined_data('warehouse')")
        call("ducklake_rewrite_data_files('warehouse', delete_threshold => 0.0)")
        call("ducklake_merge_adjacent_files('warehouse')")
        expired = call("ducklake_expire_snapshots('warehouse', older_than => $oldest)", **oldest)
        removed = call("ducklake_cleanup_old_files('warehouse', older_than => $oldest)", **oldest)
        removed += call("ducklake_delete_orphaned_files('warehouse', older_than => $oldest)", **oldest)
        files, size = measured()
    return Compacted(
        files_before,
        files,
        bytes_before,
        size,
        sum(int(str(row[2])) for row in moved),
        len(expired),
        len(removed),
    )
