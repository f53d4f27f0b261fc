"""What comparing an institution's registry found at a scored date, as rows of schema score."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb

from transforms.overlap import Entry, Overlap, compare
from warehouse.connection import append
from warehouse.score_rows import rows_of


def write_comparison(
    connection: duckdb.DuckDBPyConnection, score_id: str, institution: str, place: str, as_of: datetime
) -> None:
    """Compare the entries of an institution's registries at `as_of`, and append what was found.

    `place` is the institution's name.
    """
    rows = rows_of(connection, "applications", {"institution": institution, "as_of": as_of})
    found = compare([Entry(**row) for row in rows], place)
    shared = {"score_id": score_id, "institution": institution}
    append(
        connection,
        "score.application_overlap",
        [_overlap_row(ordinal, overlap) for ordinal, overlap in enumerate(found.overlaps, start=1)],
        **shared,
    )
    append(
        connection,
        "score.application_shared",
        [
            {
                "ordinal": ordinal,
                "name": application.name,
                "is_national": application.is_national,
                "agencies": list(application.agencies),
                "entry_count": len(application.entries),
            }
            for ordinal, application in enumerate(found.shared, start=1)
        ],
        **shared,
    )


def _overlap_row(ordinal: int, overlap: Overlap) -> dict[str, object]:
    row: dict[str, object] = {
        "ordinal": ordinal,
        "likeness": Decimal(str(overlap.score)),
        "reason": overlap.reason,
    }
    for side, entry in (("first", overlap.first), ("second", overlap.second)):
        row |= {
            f"{side}_source": entry.source,
            f"{side}_key": entry.key,
            f"{side}_name": entry.name,
            f"{side}_agency": entry.agency,
            f"{side}_url": entry.url,
        }
    return row
