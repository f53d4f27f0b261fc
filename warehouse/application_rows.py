"""What comparing an institution's registry found at a scored date, as rows of schema score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import duckdb

from transforms.overlap import Comparison, Entry, Overlap, compare
from warehouse.connection import append
from warehouse.score_rows import rows_of


@dataclass
class Comparisons:
    """What comparing registries found at the last date, by institution: most stay as they are."""

    as_of: datetime | None = None
    found: dict[str, tuple[str, Comparison]] = field(default_factory=dict)

    def stand(
        self, connection: duckdb.DuckDBPyConnection, places: Mapping[str, str], as_of: datetime
    ) -> None:
        """Compare the entries at `as_of` of institutions, by their names, unless what it finds is known."""
        self.compare(self.read(connection, places, as_of), places)

    def read(
        self, connection: duckdb.DuckDBPyConnection, places: Mapping[str, str], as_of: datetime
    ) -> dict[str, list[Entry]]:
        """The entries at `as_of` of institutions, by their names, of which it is not known what they show."""
        if self.as_of is not None and self.as_of != as_of:
            between = {"before": min(self.as_of, as_of), "as_of": max(self.as_of, as_of)}
            for row in rows_of(connection, "moved_registries", between):
                self.found.pop(row["institution"], None)
        self.as_of = as_of
        unknown = [
            name for name, place in places.items() if name not in self.found or self.found[name][0] != place
        ]
        if not unknown:
            return {}
        entries: dict[str, list[Entry]] = {name: [] for name in unknown}
        for row in rows_of(connection, "applications", {"institutions": unknown, "as_of": as_of}):
            entries[row.pop("institution")].append(Entry(**row))
        return entries

    def compare(self, entries: Mapping[str, Sequence[Entry]], places: Mapping[str, str]) -> None:
        """Compare what was read; of the warehouse nothing is needed any more."""
        for name, listed in entries.items():
            self.found[name] = (places[name], compare(listed, places[name]))


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
    known.stand(connection, {institution: place for institution, (_, place) in scores.items()}, as_of)
    overlaps: list[dict[str, object]] = []
    shared: list[dict[str, object]] = []
    for institution in sorted(scores):
        score_id, (_, found) = scores[institution][0], known.found[institution]
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
