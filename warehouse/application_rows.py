"""What comparing an institution's registry found at a scored date, as rows of schema score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import duckdb

from transforms.overlap import Comparison, Entry, Overlap, compare
from warehouse.connection import append
from warehouse.score_rows import rows_of


@dataclass
class Comparisons:
    """What was compared last, by institution: most registries stay as they are from date to date."""

    last: dict[str, tuple[list[Entry], str, Comparison]] = field(default_factory=dict)

    def of(self, institution: str, entries: list[Entry], place: str) -> Comparison:
        """What comparing the entries finds."""
        known = self.last.get(institution)
        if known is None or known[:2] != (entries, place):
            known = (entries, place, compare(entries, place))
            self.last[institution] = known
        return known[2]


def write_comparisons(
    connection: duckdb.DuckDBPyConnection,
    scores: Mapping[str, tuple[str, str]],
    as_of: datetime,
    comparisons: Comparisons | None = None,
) -> None:
    """Compare the entries of institutions' registries at `as_of`, and append what was found.

    `scores` maps an institution to its score's id and its name.
    """
    known = comparisons or Comparisons()
    entries: dict[str, list[Entry]] = {}
    for row in rows_of(connection, "applications", {"institutions": list(scores), "as_of": as_of}):
        entries.setdefault(row.pop("institution"), []).append(Entry(**row))
    overlaps: list[dict[str, object]] = []
    shared: list[dict[str, object]] = []
    for institution, listed in entries.items():
        score_id, place = scores[institution]
        found = known.of(institution, listed, place)
        own: dict[str, object] = {"score_id": score_id, "institution": institution}
        overlaps += [_overlap_row(ordinal, one) | own for ordinal, one in enumerate(found.overlaps, start=1)]
        shared += [
            {
                "ordinal": ordinal,
                "name": application.name,
                "is_national": application.is_national,
                "agencies": list(application.agencies),
                "entry_count": len(application.entries),
            }
            | own
            for ordinal, application in enumerate(found.shared, start=1)
        ]
    append(connection, "score.application_overlap", overlaps)
    append(connection, "score.application_shared", shared)


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
