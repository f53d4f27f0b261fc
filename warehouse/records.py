"""Records into raw and core: raw keeps what each run read, core keeps how it changed.

A run shows all that its source holds. A version begins when a run first shows it and ends when a later one no
longer does; uptime checks are observations and only accumulate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from collectors.evidence import AttestationRecord, Record, Table, columns_of
from collectors.legal_relations import NO_RELATIONS
from warehouse.connection import execute, frame_of, statement

MERGE_FOLDER = Path(__file__).parent / "merge"


@dataclass(frozen=True)
class _History:
    """How a table's history is keyed, and which columns make a new version."""

    key: str
    version: tuple[str, ...]


_HISTORY: Mapping[Table, _History] = {
    # Addresses are left out: some sites put a fresh token into every link at every fetch.
    "regulation": _History(
        "regulation_key",
        ("type_code", "number", "year", "title_norm", "status", "enacted_on", "promulgated_on"),
    ),
    "application": _History(
        "application_key",
        ("name", "agency", "description", "url", "kind", "status", "is_integrated", "started_on"),
    ),
    "dataset": _History(
        "dataset_key",
        ("title", "organisation", "formats", "licence", "is_described", "resource_count", "modified_at"),
    ),
    "attestation": _History(
        "attestation_key",
        ("statement", "signer", "signed_on", "scope", "sha256", "expires_on", "note"),
    ),
}


def rows_of(table: Table, records: Sequence[Record]) -> pd.DataFrame:
    """Records as rows of the relation `batch`; for a table with history, also key and row_hash."""
    columns: dict[str, list[Any]] = {name: list(map(attrgetter(name), records)) for name in columns_of(table)}
    keyed = _HISTORY.get(table)
    if keyed is not None:
        if keyed.key not in columns:
            columns[keyed.key] = [_attestation_key(record) for record in records]
        columns["row_hash"] = [
            hashlib.sha256("\x1f".join((*identity, *more)).encode()).hexdigest()
            for identity, more in zip(
                zip(*(map(str, columns[name]) for name in keyed.version), strict=True),
                _stated_beside(table, columns),
                strict=True,
            )
        ]
    return frame_of(columns)


def key_column(table: Table) -> str | None:
    """The column of `batch` that says which thing a row is a version of; None in a table without history."""
    keyed = _HISTORY.get(table)
    return keyed.key if keyed else None


def store(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    entry_id: str,
    institution: str,
    source: str,
    observed_at: datetime,
    loaded_at: datetime,
) -> None:
    """Put one run's records into raw, and into core what they change there.

    They are read from the relation `batch` (see `rows_of`), whose `ordinal` numbers its rows. `held` has the
    keys of records that the gate refused: the versions of these are neither confirmed nor ended.
    """
    columns = columns_of(table)
    stamp = {
        "entry_id": entry_id,
        "institution": institution,
        "source": source,
        "observed_at": observed_at,
        "loaded_at": loaded_at,
    }
    execute(
        connection,
        f"INSERT INTO raw.{table} BY NAME SELECT $entry_id AS entry_id, $institution AS institution, "
        "$source AS source, $observed_at AS captured_at, $loaded_at AS loaded_at, "
        f"{', '.join(columns)} FROM batch",
        stamp,
    )
    keyed = _HISTORY.get(table)
    kept = [name for name in _columns(connection, table) if name in columns or (keyed and name == keyed.key)]
    if keyed is None:
        execute(
            connection,
            f"INSERT INTO core.{table} BY NAME "
            "SELECT $institution AS institution, $source AS source, $loaded_at AS loaded_at, "
            f"{', '.join(kept)} FROM batch",
            stamp,
        )
        return
    # Close the versions this complete run no longer shows, open those it shows first.
    names = {"{table}": table, "{key}": keyed.key, "{columns}": ", ".join(kept)}
    for step in ("close", "open"):
        sql = statement(MERGE_FOLDER / f"{step}.sql")
        for placeholder, name in names.items():
            sql = sql.replace(placeholder, name)
        execute(connection, sql, stamp)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'core' AND table_name = $table AND table_catalog = current_catalog() "
        "ORDER BY ordinal_position",
        {"table": table},
    ).fetchall()
    return [row[0] for row in rows]


def _attestation_key(record: Record) -> str:
    assert isinstance(record, AttestationRecord)
    return f"{record.instrument}/{record.criterion}/{record.signer}/{record.signed_on}/{record.sha256[:12]}"


def _stated_beside(table: Table, columns: Mapping[str, list[Any]]) -> Iterator[tuple[str, ...]]:
    """What makes another version only where it is stated: rows without are those of before it was read."""
    if table == "regulation":
        return (() if told == NO_RELATIONS else (told,) for told in columns["relations"])
    if table == "attestation":
        pairs = zip(columns["effective_on"], columns["document_kind"], strict=True)
        return (tuple(str(told) for told in pair if told is not None) for pair in pairs)
    return repeat((), len(columns["position"]))
