"""Two warehouses row by row: which rows one has and the other lacks, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

_SCHEMAS = ("core", "ops", "raw", "score")
# Which it is, when its schema was brought forward, what was published: of this file, not of what it holds.
# How findings are kept is no matter either: they are compared as the view score.finding shows them.
_LEFT_OUT = frozenset({"ops.made", "ops.migration", "ops.journal", "ops.publication", "score.finding_set"})
_LEFT_OUT_COLUMNS = frozenset({"score.level.set_id", "score.level.moved"})
_SHOWN_COLUMNS = 4
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Difference:
    """A table of which rows differ: how many, and the first of them in words."""

    table: str
    missing: int
    surplus: int
    first: str


def compared_tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, tuple[str, ...]]:
    """Every table or view whose rows follow from the archive, with its columns, in the order of the chain."""
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index) "
        "FROM duckdb_columns() "
        "WHERE database_name = $database AND list_contains($schemas, schema_name) "
        "AND NOT list_contains($not, schema_name || '.' || table_name || '.' || column_name) "
        "GROUP BY schema_name, table_name "
        "ORDER BY list_position(['ops', 'raw', 'core', 'score'], schema_name), table_name",
        {"database": database, "schemas": list(_SCHEMAS), "not": sorted(_LEFT_OUT_COLUMNS)},
    ).fetchall()
    return {table: tuple(columns) for table, columns in rows if table not in _LEFT_OUT}


def differences(connection: duckdb.DuckDBPyConnection, expected: str, found: str) -> list[Difference]:
    """Tables whose rows are not the same in two attached databases; both have the same tables.

    Rows are compared as they are, without regard to their order; one that stands twice must do so in both.
    """
    results = []
    for table, columns in compared_tables(connection, expected).items():
        names = ", ".join(f'"{name}"' for name in columns)
        missing = _only_in(connection, f"{expected}.{table}", f"{found}.{table}", names)
        surplus = _only_in(connection, f"{found}.{table}", f"{expected}.{table}", names)
        if missing[0] or surplus[0]:
            results.append(Difference(table, missing[0], surplus[0], _first(missing[1], surplus[1])))
    return results


def _only_in(
    connection: duckdb.DuckDBPyConnection, left: str, right: str, names: str
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows of `left` are not in `right`, and the first few hundred of them."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE only_here AS "
        f"SELECT {names} FROM {left} EXCEPT ALL SELECT {names} FROM {right}"
    )
    counted = connection.execute("SELECT count(*) FROM temp.only_here").fetchone()
    result = connection.execute("FROM temp.only_here ORDER BY ALL LIMIT 200")
    columns = [column[0] for column in result.description]
    rows = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
    connection.execute("DROP TABLE temp.only_here")
    return (counted[0] if counted else 0), rows


def _first(missing: list[dict[str, Any]], surplus: list[dict[str, Any]]) -> str:
    if not missing:
        return f"{_named(surplus[0])} should not be there"
    if not surplus:
        return f"{_named(missing[0])} is missing"
    # The row that was changed is the one most like the row that should be there.
    wanted = missing[0]
    row = min(surplus, key=lambda other: sum(wanted[name] != other[name] for name in wanted))
    changed = [name for name in wanted if wanted[name] != row[name]]
    if len(changed) > len(wanted) / 2:
        return f"{_named(wanted)} is missing"
    told = "; ".join(
        f"{name} should be {_shown(wanted[name])}, is {_shown(row[name])}"
        for name in changed[:_SHOWN_COLUMNS]
    )
    return f"{_named({name: value for name, value in wanted.items() if name not in changed})}: {told}"


def _named(row: Mapping[str, Any]) -> str:
    """A row by what tells it from others, as far as it has that."""
    keys = (
        "institution", "source", "score_id", "entry_id", "seq", "regulation_key", "application_key",
        "attestation_key", "dataset_key", "service_id", "checked_at", "criterion", "indicator", "scope",
        "code", "capture_id", "position", "place", "event_key", "ordinal", "valid_from",
    )  # fmt: skip
    told = [f"{name} {_shown(row[name])}" for name in keys if row.get(name) is not None]
    return "row " + ", ".join(told or [f"{name} {_shown(value)}" for name, value in row.items()][:6])


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
