"""Models of what sources list on later dates: read again where it moved, and seen when its source was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from transforms.instrument import Topic
from warehouse.connection import execute, statement
from warehouse.topic_titles import TITLES, match_titles

_LISTED: Mapping[str, Sequence[str]] = {
    "regulation": ("regulation_current", "regulation_listing", "regulation_titled"),
    "application": ("application_current", "application_topic"),
    "dataset": ("dataset_current",),
}
"""By kind of what sources list: the model that reads its table, and those that follow from that one alone."""
LISTINGS = ("source_seen", *(name for names in _LISTED.values() for name in names))
"""In the order of their files."""
_QUERIES = Path(__file__).parent / "queries"


def step_listings(
    connection: duckdb.DuckDBPyConnection,
    topics: Sequence[Topic],
    models: Mapping[str, str],
    since: datetime,
    parameters: Mapping[str, Any],
) -> None:
    """Let LISTINGS, which stand at `since`, stand at a later date.

    `models` are the statements of all models; institution_current stands at the later date.
    """
    between = {"before": since, "as_of": parameters["as_of"]}
    moved: dict[str, list[str]] = {}
    moves = execute(connection, statement(_QUERIES / "moved_listings.sql"), between).fetchall()
    for kind, institution in moves:
        moved.setdefault(kind, []).append(institution)
    # What stood holds no runs of an institution that was not known then.
    seen = models["source_seen"] if "file" in moved else statement(_QUERIES / "merged_source_seen.sql")
    execute(connection, f"CREATE OR REPLACE TEMP TABLE source_seen AS {seen}", {**parameters, **between})
    of_moved = "WHERE institution IN (SELECT unnest($moved::VARCHAR[]))"
    for kind, (first, *following) in _LISTED.items():
        if kind not in moved:
            continue
        names = {"moved": moved[kind]}
        execute(
            connection,
            "CREATE OR REPLACE TEMP TABLE listed_anew AS WITH institution_current AS "
            f"(FROM temp.institution_current {of_moved}) FROM ({models[first]}\n)",
            {**parameters, **names},
        )
        for name in (first, *following):
            execute(connection, f"DELETE FROM {name} {of_moved}", names)
        connection.execute(f"INSERT INTO {first} FROM listed_anew")
        for name in following:
            if name in TITLES:
                match_titles(connection, topics, name, listed="listed_anew")
            connection.execute(
                f"INSERT INTO {name} WITH {first} AS (FROM temp.listed_anew) FROM ({models[name]}\n)"
            )
